/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/name.h"

#include <string.h>

#include "common/error.h"

static bool plain(char c)
{
	return g_ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
}

bool name_check(const char *name, const char *field, GError **error)
{
	size_t n = strlen(name);
	bool good = n > 0 && n <= NAME_MAX_LENGTH && (g_ascii_isalnum(name[0]) || name[0] == '_');

	for (size_t i = 0; good && i < n; i++)
		good = plain(name[i]);
	if (good)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "\"%s\" has to be 1 to %d letters, digits, '.', '_' or '-', and not begin with '.' or "
	    "'-'",
	    field, NAME_MAX_LENGTH);
	return false;
}

bool name_check_user(const char *user, GError **error)
{
	size_t n = strlen(user);
	bool good = n > 0 && n <= 256 && g_utf8_validate(user, (gssize)n, NULL);

	for (const char *p = user; good && *p; p = g_utf8_next_char(p))
		good = g_unichar_isprint(g_utf8_get_char(p));
	if (good)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "\"user\" has to be 1 to 256 bytes of printable text");
	return false;
}

bool name_check_uuid(const char *uuid, GError **error)
{
	bool good = g_uuid_string_is_valid(uuid);

	for (const char *p = uuid; good && *p; p++)
		good = !g_ascii_isupper(*p);
	if (good)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "a phone's uuid has the form 01234567-89ab-4cde-8f01-23456789abcd, in lower case");
	return false;
}
