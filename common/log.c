/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/log.h"

#include <glib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX 8192 /* bytes of one message; the rest is cut */

static char log_program[64] = "qvmi";
static GLogLevelFlags log_least = G_LOG_LEVEL_MESSAGE;

static const struct {
	GLogLevelFlags level;
	const char *name;
} levels[] = {
    {G_LOG_LEVEL_ERROR, "fatal"},
    {G_LOG_LEVEL_CRITICAL, "critical"},
    {G_LOG_LEVEL_WARNING, "warning"},
    {G_LOG_LEVEL_MESSAGE, "message"},
    {G_LOG_LEVEL_INFO, "info"},
    {G_LOG_LEVEL_DEBUG, "debug"},
};

static const char *level_name(GLogLevelFlags level)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(levels); i++)
		if (level & levels[i].level)
			return levels[i].name;
	return "message";
}

/* Anything that a terminal or a log reader could take for more than text becomes \xNN or \u{N}. */
static void append_escaped(GString *line, const char *text, gsize n)
{
	const char *end = text + n;

	while (text < end) {
		gunichar c = g_utf8_get_char_validated(text, end - text);
		if (c == (gunichar)-1 || c == (gunichar)-2) {
			g_string_append_printf(line, "\\x%02x", (unsigned char)*text++);
			continue;
		}
		GUnicodeType type = g_unichar_type(c);
		if (c == '\n')
			g_string_append(line, "\\n");
		else if (type == G_UNICODE_CONTROL || type == G_UNICODE_FORMAT ||
		         type == G_UNICODE_LINE_SEPARATOR || type == G_UNICODE_PARAGRAPH_SEPARATOR)
			g_string_append_printf(line, "\\u{%x}", c);
		else
			g_string_append_unichar(line, c);
		text = g_utf8_next_char(text);
	}
}

static GLogWriterOutput write_line(
    GLogLevelFlags level, const GLogField *fields, gsize n_fields, void *data)
{
	const char *message = NULL, *domain = NULL;
	gsize n = 0;
	(void)data;

	if ((level & G_LOG_LEVEL_MASK) > log_least)
		return G_LOG_WRITER_HANDLED;
	for (gsize i = 0; i < n_fields; i++) {
		if (g_str_equal(fields[i].key, "MESSAGE")) {
			message = fields[i].value;
			n = fields[i].length < 0 ? strlen(message) : (gsize)fields[i].length;
		} else if (g_str_equal(fields[i].key, "GLIB_DOMAIN") && fields[i].length < 0) {
			domain = fields[i].value;
		}
	}
	if (!message)
		return G_LOG_WRITER_UNHANDLED;

	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *time = g_date_time_format(now, "%Y-%m-%dT%H:%M:%S");
	g_autoptr(GString) line = g_string_sized_new(n + 80);
	g_string_printf(line, "%s.%03dZ %s %s: ", time, g_date_time_get_microsecond(now) / 1000,
	    level_name(level), log_program);
	if (domain)
		g_string_append_printf(line, "%s: ", domain);
	append_escaped(line, message, MIN(n, MESSAGE_MAX));
	if (n > MESSAGE_MAX)
		g_string_append(line, " [cut]");
	g_string_append_c(line, '\n');
	/* One write a line: lines of threads and processes that share the file do not mix. */
	if (write(STDERR_FILENO, line->str, line->len) < 0)
		return G_LOG_WRITER_UNHANDLED;
	return G_LOG_WRITER_HANDLED;
}

void log_init(const char *program)
{
	const char *least = g_getenv("QVMI_LOG");

	g_strlcpy(log_program, program, sizeof(log_program));
	g_set_prgname(program);
	for (unsigned i = 0; least && i < G_N_ELEMENTS(levels); i++)
		if (g_str_equal(levels[i].name, least))
			log_least = levels[i].level;
	g_log_set_writer_func(write_line, NULL, NULL);
}
