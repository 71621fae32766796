/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/file.h"

#define FILE_MAX (1024 * 1024)

struct config {
	const struct config_key *keys;
	char **texts;  /* one a key; NULL: unset */
	long *numbers; /* CONFIG_INT and CONFIG_BOOL */
	unsigned n;
};

/* Where a value came from, for error messages and relative paths. */
struct origin {
	char *name;         /* "poold.conf:12" or "$POOLD_LISTEN_UNIX" */
	const char *folder; /* paths are relative to it; NULL: the working folder */
};

static bool fail(GError **error, const struct origin *origin, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static bool fail(GError **error, const struct origin *origin, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *message = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s: %s", origin->name, message);
	return false;
}

static int find(const struct config *config, const char *group, const char *key)
{
	for (unsigned i = 0; i < config->n; i++)
		if (g_str_equal(config->keys[i].group, group) &&
		    g_str_equal(config->keys[i].key, key))
			return i;
	return -1;
}

static char *absolute(const char *path, const char *folder)
{
	if (g_str_has_prefix(path, "~/"))
		return g_build_filename(g_get_home_dir(), path + 2, NULL);
	return g_canonicalize_filename(path, folder);
}

static bool set_int(const struct config_key *key, const char *text, long *number,
    const struct origin *origin, GError **error)
{
	char *end;

	errno = 0;
	*number = strtol(text, &end, 10);
	if (end == text || *end || g_ascii_isspace(*text))
		return fail(error, origin, "[%s] %s: \"%s\" is not a whole number", key->group,
		    key->key, text);
	if (errno || *number < key->min || *number > key->max)
		return fail(error, origin, "[%s] %s: %s is not within %ld and %ld", key->group,
		    key->key, text, key->min, key->max);
	return true;
}

/* An empty value is as if the key were not there. */
static bool set(struct config *config, unsigned i, const char *text, const struct origin *origin,
    GError **error)
{
	const struct config_key *key = &config->keys[i];

	if (!*text)
		return true;
	switch (key->type) {
	case CONFIG_INT:
		if (!set_int(key, text, &config->numbers[i], origin, error))
			return false;
		break;
	case CONFIG_BOOL:
		if (!g_str_equal(text, "true") && !g_str_equal(text, "false"))
			return fail(error, origin, "[%s] %s: \"%s\" is neither true nor false",
			    key->group, key->key, text);
		config->numbers[i] = g_str_equal(text, "true");
		break;
	case CONFIG_STRING:
	case CONFIG_PATH:
		break;
	}
	g_free(config->texts[i]);
	config->texts[i] =
	    key->type == CONFIG_PATH ? absolute(text, origin->folder) : g_strdup(text);
	return true;
}

static bool unknown_group(const struct config *config, const char *group, GString *known)
{
	const char *last = NULL;

	for (unsigned i = 0; i < config->n; i++) {
		if (g_str_equal(config->keys[i].group, group))
			return false;
		if (g_strcmp0(last, config->keys[i].group) != 0)
			g_string_append_printf(
			    known, "%s[%s]", known->len ? " " : "", config->keys[i].group);
		last = config->keys[i].group;
	}
	return true;
}

static bool unknown_key(
    const struct config *config, const char *group, const char *key, GString *known)
{
	if (find(config, group, key) >= 0)
		return false;
	for (unsigned i = 0; i < config->n; i++)
		if (g_str_equal(config->keys[i].group, group))
			g_string_append_printf(
			    known, "%s%s", known->len ? ", " : "", config->keys[i].key);
	return true;
}

/* GKeyFile's escapes, in place. */
static bool unescape(char *text)
{
	char *out = text;

	for (; *text; text++) {
		if (*text != '\\') {
			*out++ = *text;
			continue;
		}
		switch (*++text) {
		case 's':
			*out++ = ' ';
			break;
		case 'n':
			*out++ = '\n';
			break;
		case 't':
			*out++ = '\t';
			break;
		case 'r':
			*out++ = '\r';
			break;
		case '\\':
			*out++ = '\\';
			break;
		default:
			return false;
		}
	}
	*out = 0;
	return true;
}

static bool parse_assignment(struct config *config, const char *group, char *line, bool *seen,
    const struct origin *origin, GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);
	char *equals = strchr(line, '=');

	if (!equals)
		return fail(error, origin, "expected \"key = value\" or \"[group]\"");
	if (!group)
		return fail(error, origin, "a key before the first [group]");
	*equals = 0;
	char *key = g_strstrip(line), *value = g_strstrip(equals + 1);
	if (unknown_key(config, group, key, known))
		return fail(error, origin, "unknown key \"%s\" in [%s]; there are: %s", key, group,
		    known->str);
	int i = find(config, group, key);
	if (seen[i])
		return fail(error, origin, "[%s] %s is given twice", group, key);
	seen[i] = true;
	if (!unescape(value))
		return fail(error, origin, "[%s] %s: unknown escape after \\", group, key);
	return set(config, i, value, origin, error);
}

/* GKeyFile itself cannot tell the line of a key, and would take unknown ones in silence. */
static bool parse(struct config *config, const char *file, char *text, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(file);
	g_autofree char *base = g_canonicalize_filename(folder, NULL);
	g_autofree bool *seen = g_new0(bool, config->n + 1);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	const char *group = NULL;

	for (unsigned i = 0; lines[i]; i++) {
		g_autofree char *name = g_strdup_printf("%s:%u", file, i + 1);
		struct origin origin = {.name = name, .folder = base};
		char *line = g_strstrip(lines[i]);
		if (!*line || *line == '#')
			continue;
		if (*line != '[') {
			if (!parse_assignment(config, group, line, seen, &origin, error))
				return false;
			continue;
		}
		g_autoptr(GString) known = g_string_new(NULL);
		char *end = strchr(line, ']');
		if (!end || end[1])
			return fail(error, &origin, "expected \"[group]\"");
		*end = 0;
		group = line + 1;
		if (unknown_group(config, group, known))
			return fail(
			    error, &origin, "unknown group [%s]; there are: %s", group, known->str);
	}
	return true;
}

static char *environment_name(const char *program, const struct config_key *key)
{
	g_autofree char *joined = g_strdup_printf("%s_%s_%s", program, key->group, key->key);
	return g_strdelimit(g_ascii_strup(joined, -1), "-.", '_');
}

static bool take_environment(struct config *config, const char *program, GError **error)
{
	for (unsigned i = 0; i < config->n; i++) {
		g_autofree char *name = environment_name(program, &config->keys[i]);
		g_autofree char *shown = g_strconcat("$", name, NULL);
		struct origin origin = {.name = shown};
		const char *value = g_getenv(name);
		if (value && !set(config, i, value, &origin, error))
			return false;
	}
	return true;
}

struct config *config_load(
    const char *program, const struct config_key *keys, const char *file, GError **error)
{
	AUTO(config) config = g_new0(struct config, 1);
	struct origin origin = {.name = (char *)"default"};

	config->keys = keys;
	while (keys[config->n].group)
		config->n++;
	config->texts = g_new0(char *, config->n + 1);
	config->numbers = g_new0(long, config->n + 1);
	for (unsigned i = 0; i < config->n; i++) {
		g_autoptr(GError) wrong = NULL;
		if (keys[i].fallback && !set(config, i, keys[i].fallback, &origin, &wrong))
			g_error("the table's default is wrong: %s", wrong->message);
	}
	if (file) {
		size_t n = 0;
		g_autofree char *text = file_load(file, FILE_MAX, &n, error);
		if (!text)
			return NULL;
		if (strlen(text) != n || !g_utf8_validate(text, n, NULL)) {
			g_set_error(
			    error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s is not a text file", file);
			return NULL;
		}
		if (!parse(config, file, text, error))
			return NULL;
	}
	if (!take_environment(config, program, error))
		return NULL;
	return g_steal_pointer(&config);
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (unsigned i = 0; i < config->n; i++)
		g_free(config->texts[i]);
	g_free(config->texts);
	g_free(config->numbers);
	g_free(config);
}

static unsigned must_find(
    const struct config *config, const char *group, const char *key, bool number)
{
	int i = find(config, group, key);
	if (i < 0)
		g_error("[%s] %s is in no table", group, key);
	enum config_type type = config->keys[i].type;
	if (number != (type == CONFIG_INT || type == CONFIG_BOOL))
		g_error("[%s] %s is asked for with the wrong type", group, key);
	return i;
}

const char *config_string(const struct config *config, const char *group, const char *key)
{
	return config->texts[must_find(config, group, key, false)];
}

long config_int(const struct config *config, const char *group, const char *key)
{
	return config->numbers[must_find(config, group, key, true)];
}

bool config_bool(const struct config *config, const char *group, const char *key)
{
	return config->numbers[must_find(config, group, key, true)] != 0;
}

char *config_describe(const struct config_key *keys)
{
	GString *text = g_string_new(NULL);
	const char *group = NULL;

	for (; keys->group; keys++) {
		if (g_strcmp0(group, keys->group) != 0)
			g_string_append_printf(text, "%s[%s]\n", group ? "\n" : "", keys->group);
		group = keys->group;
		g_string_append_printf(text, "# %s", keys->help);
		if (keys->type == CONFIG_INT)
			g_string_append_printf(text, " (%ld to %ld)", keys->min, keys->max);
		else if (keys->type == CONFIG_BOOL)
			g_string_append(text, " (true or false)");
		g_string_append_printf(text, "\n%s%s = %s\n", keys->fallback ? "" : "#", keys->key,
		    keys->fallback ? keys->fallback : "");
	}
	return g_string_free(text, FALSE);
}
