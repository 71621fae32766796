/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Help and completion, from the tables. */
#include <stdio.h>
#include <string.h>

#include "console/cli.h"

static void print_options(const struct cli_option *options, const char *indent)
{
	for (; options && options->name; options++) {
		g_autofree char *left = g_strdup_printf("--%s%s%s", options->name,
		    options->argument ? " " : "", options->argument ? options->argument : "");
		printf("%s%-26s %s\n", indent, left, options->help);
	}
}

void cli_print_help(void)
{
	printf("Usage: qvmi NOUN [VERB] [ARGUMENT...] [OPTION...]\n\n"
	       "Phones in the data centre, from the command line.\n\n");
	for (const struct cli_noun *noun = cli_nouns; noun->name; noun++) {
		g_autoptr(GString) verbs = g_string_new(NULL);
		for (const struct cli_verb *verb = noun->verbs; verb->run && verb->name; verb++)
			g_string_append_printf(verbs, "%s%s", verbs->len ? "|" : "", verb->name);
		printf("  %-10s %s%s%s%s\n", noun->name, noun->help, verbs->len ? " (" : "",
		    verbs->str, verbs->len ? ")" : "");
	}
	printf("\nEverywhere:\n");
	print_options(cli_global_options, "  ");
	printf(
	    "\n`qvmi help NOUN` tells more. Completion for bash: eval \"$(qvmi completion bash)\"\n"
	    "Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 denied, 5 unavailable or timed "
	    "out,\n  6 exhausted, 7 conflict, 8 corrupt\n");
}

bool cli_print_noun_help(const char *name)
{
	for (const struct cli_noun *noun = cli_nouns; noun->name; noun++) {
		if (!g_str_equal(noun->name, name))
			continue;
		printf("%s\n\n", noun->help);
		for (const struct cli_verb *verb = noun->verbs; verb->run; verb++) {
			printf("  qvmi %s%s%s %s\n      %s\n", noun->name, verb->name ? " " : "",
			    verb->name ? verb->name : "", verb->arguments, verb->help);
			print_options(verb->options, "      ");
		}
		printf("\nEverywhere:\n");
		print_options(cli_global_options, "  ");
		return true;
	}
	return false;
}

static void print_option_names(const struct cli_option *options)
{
	for (; options && options->name; options++)
		printf(" --%s", options->name);
}

/* One case a noun and a noun with verb; the words come from the same tables as the parser's. */
void cli_print_completion(void)
{
	printf("_qvmi() {\n"
	       "    local word=${COMP_WORDS[COMP_CWORD]} words=''\n"
	       "    case \"$COMP_CWORD:${COMP_WORDS[1]}:${COMP_WORDS[2]}\" in\n"
	       "    1:*) words='help");
	for (const struct cli_noun *noun = cli_nouns; noun->name; noun++)
		printf(" %s", noun->name);
	printf("' ;;\n    2:help:*) words='");
	for (const struct cli_noun *noun = cli_nouns; noun->name; noun++)
		printf("%s ", noun->name);
	printf("' ;;\n");
	for (const struct cli_noun *noun = cli_nouns; noun->name; noun++) {
		if (noun->verbs->name) {
			printf("    2:%s:*) words='", noun->name);
			for (const struct cli_verb *verb = noun->verbs; verb->run && verb->name;
			     verb++)
				printf("%s ", verb->name);
			printf("' ;;\n");
		}
		for (const struct cli_verb *verb = noun->verbs; verb->run; verb++) {
			printf("    *:%s:%s) words='", noun->name, verb->name ? verb->name : "*");
			print_option_names(verb->options);
			print_option_names(cli_global_options);
			printf("' ;;\n");
		}
	}
	printf("    esac\n"
	       "    case ${COMP_WORDS[COMP_CWORD-1]} in\n"
	       "    --format) words='table json' ;;\n"
	       "    --ca-file|--manifest|--password-file|--config) mapfile -t COMPREPLY < "
	       "<(compgen -f -- \"$word\"); return ;;\n"
	       "    --up|--cache) mapfile -t COMPREPLY < <(compgen -d -- \"$word\"); return ;;\n"
	       "    esac\n"
	       "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
	       "}\n"
	       "complete -F _qvmi qvmi\n");
}
