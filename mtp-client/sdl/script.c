/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/script.h"

#include <stdbool.h>
#include <string.h>

#include "common/error.h"
#include "mtp-client/sdl/keymap.h"

#define SCRIPT_MAX_BYTES (1024 * 1024)
#define TIMEOUT_MS 10000
#define LONGEST_MS 3600000

struct script {
	char *name;
	GArray *commands; /* of struct script_command */
};

/* What stands after the verb, one letter each: 'c' coordinate, 'm' milliseconds, 't' time-out,
 * may be missing; 'k' key name, 'x' colour, 'w' one word, 's' the rest of the line. */
static const struct {
	const char *name, *arguments, *usage;
} verbs[] = {
    [SCRIPT_WAIT_UPDATE] = {"wait-update", "t", "[TIMEOUT]"},
    [SCRIPT_WAIT_QUIET] = {"wait-quiet", "mt", "MS [TIMEOUT]"},
    [SCRIPT_WAIT_CHANGE] = {"wait-change", "ct", "SHARE% [TIMEOUT]"},
    [SCRIPT_WAIT_PIXEL] = {"wait-pixel", "ccxt", "X Y RRGGBB [TIMEOUT]"},
    [SCRIPT_TAP] = {"tap", "cc", "X Y"},
    [SCRIPT_SWIPE] = {"swipe", "ccccm", "X1 Y1 X2 Y2 MS"},
    [SCRIPT_KEY] = {"key", "k", "NAME"},
    [SCRIPT_TEXT] = {"text", "s", "STRING"},
    [SCRIPT_SCREENSHOT] = {"screenshot", "s", "FILE"},
    [SCRIPT_READ_TEXT] = {"read-text", "wt", "FILE [TIMEOUT]"},
    [SCRIPT_SLEEP] = {"sleep", "m", "MS"},
    [SCRIPT_MARK] = {"mark", "w", "NAME"},
    [SCRIPT_MEASURE_TAP] = {"measure-tap", "cct", "X Y [TIMEOUT]"},
    [SCRIPT_MEASURE_SWIPE] = {"measure-swipe", "ccccmt", "X1 Y1 X2 Y2 MS [TIMEOUT]"},
};

static void command_clear(gpointer command)
{
	g_free(((struct script_command *)command)->text);
}

/* The next word of the line, or NULL at its end; *line moves behind it. */
static char *next_word(char **line)
{
	char *word = *line + strspn(*line, " \t");
	size_t n = strcspn(word, " \t");

	if (n == 0)
		return NULL;
	*line = word + n + (word[n] ? 1 : 0);
	word[n] = '\0';
	return word;
}

static bool parse_coordinate(const char *word, struct script_coordinate *out)
{
	char *end = NULL;
	double value = word ? g_ascii_strtod(word, &end) : -1;

	if (!word || end == word || !(value >= 0 && value <= 65535))
		return false;
	out->value = value;
	out->percent = *end == '%';
	if (out->percent)
		end++;
	return *end == '\0' && (!out->percent || value <= 100);
}

static bool parse_ms(const char *word, unsigned *out)
{
	guint64 value;

	if (!word || !g_ascii_string_to_unsigned(word, 10, 0, LONGEST_MS, &value, NULL))
		return false;
	*out = (unsigned)value;
	return true;
}

static bool parse_colour(const char *word, uint8_t *out)
{
	guint64 value;

	if (!word || strlen(word) != 6 ||
	    !g_ascii_string_to_unsigned(word, 16, 0, 0xffffff, &value, NULL))
		return false;
	for (unsigned i = 0; i < 3; i++)
		out[i] = (uint8_t)(value >> (16 - 8 * i));
	return true;
}

static bool typable(const char *text)
{
	for (; *text; text++) {
		uint16_t code;
		bool shift;

		if (!keymap_from_character(*text, &code, &shift))
			return false;
	}
	return true;
}

static bool parse_arguments(struct script_command *command, char *line)
{
	unsigned coordinates = 0;

	for (const char *kind = verbs[command->verb].arguments; *kind; kind++) {
		if (*kind == 's') {
			command->text = g_strdup(g_strstrip(line));
			return *command->text &&
			       (command->verb != SCRIPT_TEXT || typable(command->text));
		}
		const char *word = next_word(&line);

		switch (*kind) {
		case 'c':
			if (!parse_coordinate(word, &command->at[coordinates++]))
				return false;
			break;
		case 'm':
			if (!parse_ms(word, &command->ms))
				return false;
			break;
		case 't':
			if (word && !parse_ms(word, &command->timeout_ms))
				return false;
			break;
		case 'x':
			if (!parse_colour(word, command->colour))
				return false;
			break;
		case 'k':
			command->key = word ? keymap_from_name(word) : 0;
			if (!command->key)
				return false;
			break;
		default: /* 'w' */
			if (!word)
				return false;
			command->text = g_strdup(word);
			break;
		}
	}
	return !next_word(&line);
}

static bool parse_line(struct script *script, char *line, unsigned number, GError **error)
{
	struct script_command command = {.line = number, .timeout_ms = TIMEOUT_MS};
	char *verb = next_word(&line);

	if (!verb || *verb == '#')
		return true;
	for (unsigned i = 0; i < G_N_ELEMENTS(verbs); i++) {
		if (strcmp(verb, verbs[i].name))
			continue;
		command.verb = i;
		if (!parse_arguments(&command, line)) {
			command_clear(&command);
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s:%u: usage: %s %s",
			    script->name, number, verb, verbs[i].usage);
			return false;
		}
		g_array_append_val(script->commands, command);
		return true;
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s:%u: no command is called '%s'",
	    script->name, number, verb);
	return false;
}

struct script *script_parse(const char *text, const char *name, GError **error)
{
	AUTO(script) script = g_new0(struct script, 1);
	g_auto(GStrv) lines = NULL;

	script->name = g_strdup(name);
	script->commands = g_array_new(FALSE, FALSE, sizeof(struct script_command));
	g_array_set_clear_func(script->commands, command_clear);
	if (strlen(text) > SCRIPT_MAX_BYTES || !g_utf8_validate(text, -1, NULL)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "%s is not a script: not UTF-8 text, or more than 1 MiB of it", name);
		return NULL;
	}
	lines = g_strsplit(text, "\n", -1);
	for (unsigned i = 0; lines[i]; i++) {
		g_strdelimit(lines[i], "\r", ' ');
		if (!parse_line(script, lines[i], i + 1, error))
			return NULL;
	}
	return g_steal_pointer(&script);
}

struct script *script_load(const char *file, GError **error)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) failed = NULL;

	if (!g_file_get_contents(file, &text, NULL, &failed)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "cannot read the script: %s",
		    failed->message);
		return NULL;
	}
	return script_parse(text, file, error);
}

void script_free(struct script *script)
{
	if (!script)
		return;
	g_array_unref(script->commands);
	g_free(script->name);
	g_free(script);
}

const char *script_name(const struct script *script)
{
	return script->name;
}

const char *script_verb_name(enum script_verb verb)
{
	return verbs[verb].name;
}

const struct script_command *script_command(const struct script *script, unsigned index)
{
	return index < script->commands->len
	           ? &g_array_index(script->commands, struct script_command, index)
	           : NULL;
}

uint16_t script_pixel(const struct script_coordinate *coordinate, unsigned size)
{
	double pixel = coordinate->percent ? coordinate->value * size / 100 : coordinate->value;

	if (size == 0)
		return 0;
	return pixel >= size ? (uint16_t)(size - 1) : (uint16_t)pixel;
}
