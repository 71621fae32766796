/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/json_writer.h"

#include <math.h>
#include <string.h>

static void append_escaped(GString *text, const char *value)
{
	while (*value) {
		size_t plain = 0;
		while ((unsigned char)value[plain] >= 0x20 && value[plain] != '"' &&
		       value[plain] != '\\')
			plain++;
		g_string_append_len(text, value, (gssize)plain);
		value += plain;
		if (!*value)
			break;
		if (*value == '"' || *value == '\\')
			g_string_append_printf(text, "\\%c", *value);
		else
			g_string_append_printf(text, "\\u%04x", (unsigned char)*value);
		value++;
	}
}

static void append_quoted(GString *text, const char *value)
{
	g_autofree char *valid =
	    g_utf8_validate(value, -1, NULL) ? NULL : g_utf8_make_valid(value, -1);
	g_string_append_c(text, '"');
	append_escaped(text, valid ? valid : value);
	g_string_append_c(text, '"');
}

static void begin(GString *text, const char *member)
{
	char last = text->len ? text->str[text->len - 1] : '[';
	if (last != '{' && last != '[')
		g_string_append_c(text, ',');
	if (member) {
		append_quoted(text, member);
		g_string_append_c(text, ':');
	}
}

void json_write_open(GString *text, const char *member, char bracket)
{
	begin(text, member);
	g_string_append_c(text, bracket);
}

void json_write_close(GString *text, char bracket)
{
	g_string_append_c(text, bracket);
}

void json_write_string(GString *text, const char *member, const char *value)
{
	begin(text, member);
	if (value)
		append_quoted(text, value);
	else
		g_string_append(text, "null");
}

void json_write_int(GString *text, const char *member, int64_t value)
{
	begin(text, member);
	g_string_append_printf(text, "%" G_GINT64_FORMAT, value);
}

void json_write_number(GString *text, const char *member, double value, unsigned decimals)
{
	char format[] = "%.0f", number[G_ASCII_DTOSTR_BUF_SIZE];
	/* Beyond that the digits do not fit, and nothing that is measured is so large. */
	if (!isfinite(value) || fabs(value) > 1e18) {
		json_write_string(text, member, NULL);
		return;
	}
	format[2] = (char)('0' + MIN(decimals, 9));
	begin(text, member);
	/* Not printf: the locale's decimal comma is not wanted. */
	g_string_append(text, g_ascii_formatd(number, sizeof(number), format, value));
}

void json_write_bool(GString *text, const char *member, bool value)
{
	begin(text, member);
	g_string_append(text, value ? "true" : "false");
}
