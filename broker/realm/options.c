/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/realm/options.h"

#include <string.h>

#include "common/error.h"

#define OPTION(member)                                                                             \
	{                                                                                          \
#member, offsetof(struct realm_options, member)                                    \
	}

static const struct {
	const char *name;
	size_t offset;
} table[] = {
    OPTION(realm),
    OPTION(service),
    OPTION(keytab),
    OPTION(krb5_config),
    OPTION(replay_cache),
    OPTION(servers),
    OPTION(first),
    OPTION(ca),
    OPTION(bind),
    OPTION(bind_dn),
    OPTION(bind_password),
    OPTION(people_base),
    OPTION(person_filter),
    OPTION(group_base),
    OPTION(group_filter),
    OPTION(group_attribute),
};

static char **member(const struct realm_options *options, size_t i)
{
	return (char **)((char *)options + table[i].offset);
}

char **realm_options_to_argv(const struct realm_options *options, const char *program)
{
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_strv_builder_add(builder, program);
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		const char *value = *member(options, i);
		g_autofree char *text = g_strdup_printf("--%s=%s", table[i].name, value);
		if (value)
			g_strv_builder_add(builder, text);
	}
	return g_strv_builder_end(builder);
}

static bool take(struct realm_options *options, const char *argument)
{
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
		size_t n = strlen(table[i].name);
		if (!g_str_has_prefix(argument, "--") ||
		    strncmp(argument + 2, table[i].name, n) != 0 || argument[2 + n] != '=')
			continue;
		g_free(*member(options, i));
		*member(options, i) = g_strdup(argument + 2 + n + 1);
		return true;
	}
	return false;
}

bool realm_options_from_argv(struct realm_options *options, char **argv, GError **error)
{
	for (char **argument = argv + 1; argv[0] && *argument; argument++) {
		if (take(options, *argument))
			continue;
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_INVALID, "unknown argument %s", *argument);
		return false;
	}
	return true;
}

void realm_options_copy(struct realm_options *to, const struct realm_options *from)
{
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
		*member(to, i) = g_strdup(*member(from, i));
}

void realm_options_clear(struct realm_options *options)
{
	for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
		g_clear_pointer(member(options, i), g_free);
}
