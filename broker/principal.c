/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/principal.h"

#include <glib.h>
#include <string.h>

#define NAME_MAX_SIZE 64

/* One component without anything that Kerberos would show escaped, or a directory or we could take
 * for more than a name. */
static bool is_name(const char *name)
{
	size_t n = strlen(name);
	bool valid = n >= 1 && n <= NAME_MAX_SIZE && g_ascii_isalnum(name[0]);
	for (size_t i = 0; valid && i < n; i++)
		valid = g_ascii_isalnum(name[i]) || strchr("._-", name[i]);
	return valid;
}

/* The realm of the rules that is meant, or NULL. */
static const char *find_realm(const struct principal_rules *rules, const char *realm, bool exact)
{
	int (*differ)(const char *, const char *) = exact ? strcmp : g_ascii_strcasecmp;
	if (differ(realm, rules->home) == 0)
		return rules->home;
	for (unsigned i = 0; rules->trusted && rules->trusted[i]; i++)
		if (differ(realm, rules->trusted[i]) == 0)
			return rules->trusted[i];
	return NULL;
}

char *principal_fold(const struct principal_rules *rules, const char *principal)
{
	char *folded = g_strdup(principal);
	const char *at = strrchr(folded, '@');
	for (char *c = folded; rules->ignore_case && at && c < at; c++)
		*c = g_ascii_tolower(*c);
	return folded;
}

char *principal_of_typed(const struct principal_rules *rules, const char *typed)
{
	const char *at = strchr(typed, '@');
	g_autofree char *name = g_strndup(typed, at ? (gsize)(at - typed) : strlen(typed));
	const char *realm = at ? find_realm(rules, at + 1, false) : rules->home;
	if (!realm || !is_name(name))
		return NULL;
	g_autofree char *principal = g_strconcat(name, "@", realm, NULL);
	return principal_fold(rules, principal);
}

char *principal_user(const struct principal_rules *rules, const char *principal)
{
	const char *at = strrchr(principal, '@');
	const char *realm = at ? find_realm(rules, at + 1, true) : NULL;
	if (!realm)
		return NULL;
	g_autofree char *name = g_strndup(principal, (gsize)(at - principal));
	if (!is_name(name))
		return NULL;
	if (realm == rules->home)
		return g_steal_pointer(&name);
	g_autofree char *folded = g_ascii_strdown(realm, -1);
	g_autofree char *user = g_strconcat(name, "@", folded, NULL);
	return strlen(user) <= NAME_MAX_SIZE ? g_steal_pointer(&user) : NULL;
}
