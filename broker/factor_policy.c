/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/factor_policy.h"

#include <string.h>

#include "broker/membership.h"
#include "common/error.h"

#define GROUP "group:"

struct factor_policy {
	bool everybody, administrators;
	GPtrArray *groups; /* names */
};

void factor_policy_free(struct factor_policy *policy)
{
	if (!policy)
		return;
	g_ptr_array_unref(policy->groups);
	g_free(policy);
}

/* "nobody" adds nothing. */
static bool add(struct factor_policy *policy, const char *who)
{
	if (g_str_equal(who, "everybody"))
		policy->everybody = true;
	else if (g_str_equal(who, "administrators"))
		policy->administrators = true;
	else if (g_str_has_prefix(who, GROUP) && who[strlen(GROUP)])
		g_ptr_array_add(policy->groups, g_strdup(who + strlen(GROUP)));
	else
		return false;
	return true;
}

struct factor_policy *factor_policy_parse(const char *text, GError **error)
{
	AUTO(factor_policy) policy = g_new0(struct factor_policy, 1);
	g_auto(GStrv) parts = g_strsplit(text, ",", 0);

	policy->groups = g_ptr_array_new_with_free_func(g_free);
	if (g_str_equal(text, "nobody"))
		return g_steal_pointer(&policy);
	for (char **part = parts; *part; part++) {
		if (add(policy, g_strstrip(*part)))
			continue;
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "second factor for \"%s\": say nobody, everybody, or some of administrators "
		    "and group:NAME with commas between",
		    text);
		return NULL;
	}
	return g_steal_pointer(&policy);
}

bool factor_policy_is_nobody(const struct factor_policy *policy)
{
	return !policy->everybody && !policy->administrators && policy->groups->len == 0;
}

bool factor_policy_needs(const struct factor_policy *policy, struct database *database,
    const struct account *account, bool *needs, GError **error)
{
	*needs = policy->everybody || (policy->administrators && account->admin);
	for (unsigned i = 0; !*needs && i < policy->groups->len; i++)
		if (!membership_is_in_group(
		        database, account->name, policy->groups->pdata[i], needs, error))
			return false;
	return true;
}
