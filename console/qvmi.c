/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi: the command line. The table of nouns; their verbs are in cmd_*.c and up.c. */
#include <stdio.h>

#include "common/error.h"
#include "common/log.h"
#include "console/nouns.h"
#include "console/up.h"

static bool help(struct cli *cli, GError **error)
{
	const char *noun = cli_argument(cli, 0);

	if (!noun) {
		cli_print_help();
		return true;
	}
	if (cli_print_noun_help(noun))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "there is no \"%s\"; `qvmi help` lists what there is", noun);
	return false;
}

static bool completion(struct cli *cli, GError **error)
{
	if (!g_str_equal(cli_argument(cli, 0), "bash")) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_INVALID, "there is completion for bash only");
		return false;
	}
	cli_print_completion();
	return true;
}

static bool version(struct cli *cli, GError **error)
{
	(void)cli, (void)error;
	printf("qvmi %s\n", QVMI_VERSION);
	return true;
}

static const struct cli_verb help_verbs[] = {
    {NULL, "[NOUN]", 0, 1, "Tells what there is.", NULL, help},
    {0},
};
static const struct cli_verb completion_verbs[] = {
    {NULL, "bash", 1, 1, "Prints a completion script.", NULL, completion},
    {0},
};
static const struct cli_verb version_verbs[] = {
    {NULL, "", 0, 0, "Prints the version.", NULL, version},
    {0},
};

const struct cli_noun cli_nouns[] = {
    {"up", "Everything on this machine, until Ctrl-C", up_verbs},
    {"status", "Hosts, pools and phones at a glance", status_verbs},
    {"host", "Machines that run phones", host_verbs},
    {"template", "What phones are cloned from", template_verbs},
    {"vm", "Phones", vm_verbs},
    {"snapshot", "Phones as they were", snapshot_verbs},
    {"volume", "Users' own files and settings", volume_verbs},
    {"pool", "Phones kept ready", pool_verbs},
    {"user", "Accounts", user_verbs},
    {"package", "What people may open", package_verbs},
    {"plan", "What a telco's customers hold", plan_verbs},
    {"organisation", "Other companies whose people sign in", organisation_verbs},
    {"session", "Who is connected", session_verbs},
    {"audit", "Does what must always hold hold? Who did what?", audit_verbs},
    {"certificate", "For daemons on several machines", certificate_verbs},
    {"keys", "Of the grants, and their rotation", keys_verbs},
    {"login", "Sign in at a server", login_verbs},
    {"logout", "Sign out of a server", logout_verbs},
    {"completion", "Completion for the shell", completion_verbs},
    {"help", "Help", help_verbs},
    {"version", "Version", version_verbs},
    {0},
};

int main(int argc, char **argv)
{
	log_init("qvmi");
	return cli_main(argc, argv);
}
