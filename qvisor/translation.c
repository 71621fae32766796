/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/translation.h"

#include <glib.h>
#include <string.h>

/* The number after the line's name; NULL: no such line, or no number. Ends after it. */
static const char *number_after(const char *text, const char *name, uint64_t *number)
{
	const char *line = strstr(text, name);
	char *end = NULL;
	if (!line)
		return NULL;
	line += strlen(name);
	*number = g_ascii_strtoull(line, &end, 10);
	return end == line ? NULL : end;
}

bool translation_parse(const char *text, struct translation *out)
{
	const char *rest = number_after(text, "gen code size", &out->code_bytes);
	return rest && *rest == '/' && number_after(rest, "/", &out->room_bytes) &&
	       number_after(text, "TB count", &out->blocks) &&
	       number_after(text, "TB flush count", &out->flushes);
}
