/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/oidc/organisation_name.h"

#include <glib.h>
#include <string.h>

#define LABEL_MAX 63

bool organisation_name_is_valid(const char *domain)
{
	size_t n = strlen(domain), label = 0, dots = 0;
	if (n == 0 || n > ORGANISATION_NAME_MAX || domain[n - 1] == '-' || domain[n - 1] == '.')
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = domain[i];
		bool edge = label == 0 || (c == '.' && domain[i - 1] == '-');
		if (c == '.' ? edge : !(g_ascii_islower(c) || g_ascii_isdigit(c) || c == '-'))
			return false;
		if (c == '-' && edge)
			return false;
		dots += c == '.';
		label = c == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return dots > 0;
}

char *organisation_name_of_typed(const char *typed)
{
	const char *at = strrchr(typed, '@');
	if (!at || at == typed || strlen(at + 1) > ORGANISATION_NAME_MAX)
		return NULL;
	g_autofree char *domain = g_ascii_strdown(at + 1, -1);
	return organisation_name_is_valid(domain) ? g_steal_pointer(&domain) : NULL;
}

char *organisation_user(const char *domain, const char *username)
{
	const char *at = strchr(username, '@');
	if (at && g_ascii_strcasecmp(at + 1, domain) != 0)
		return NULL;
	size_t n = at ? (size_t)(at - username) : strlen(username);
	if (n < 1 || n + 1 + strlen(domain) > ORGANISATION_USER_MAX || !g_ascii_isalnum(*username))
		return NULL;
	for (size_t i = 0; i < n; i++)
		if (!g_ascii_isalnum(username[i]) && !strchr("._-", username[i]))
			return NULL;
	g_autofree char *name = g_ascii_strdown(username, (gssize)n);
	return g_strconcat(name, "@", domain, NULL);
}
