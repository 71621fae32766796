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

static gint by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *name_network(const char *text, GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, ",", 0);
	g_autoptr(GPtrArray) kept = g_ptr_array_new();
	unsigned n = g_strv_length(words);
	bool good = n > 0 && strlen(text) <= NETWORK_MAX_LENGTH;

	for (unsigned i = 0; good && i < n; i++) {
		g_strstrip(words[i]);
		good = *words[i] && strspn(words[i], "abcdefghijklmnopqrstuvwxyz0123456789-") ==
		                        strlen(words[i]);
		good = good && (n == 1 || !g_str_equal(words[i], "none"));
		if (!g_ptr_array_find_with_equal_func(kept, words[i], g_str_equal, NULL))
			g_ptr_array_add(kept, words[i]);
	}
	if (!good) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"network\" is \"none\", or \"internet\" and names of the hosts' networks "
		    "(a-z, 0-9 and '-') with commas: \"internet,office\"");
		return NULL;
	}
	g_ptr_array_sort(kept, by_text);
	g_ptr_array_add(kept, NULL);
	return g_strjoinv(",", (char **)kept->pdata);
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
