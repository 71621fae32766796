/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/realm/person.h"

#include <string.h>

#include "broker/realm/ldap_filter.h"
#include "common/error.h"

#define FILTER_MEMBERS 32 /* DNs asked for by one search */

/* The first value, when it is text of a sensible length; else NULL. Caller frees. */
static char *text_of(LDAP *ldap, LDAPMessage *entry, const char *attribute)
{
	struct berval **values = ldap_get_values_len(ldap, entry, attribute);
	char *text = NULL;
	if (values && values[0] && values[0]->bv_len > 0 && values[0]->bv_len <= REALM_NAME_MAX &&
	    g_utf8_validate(values[0]->bv_val, (gssize)values[0]->bv_len, NULL))
		text = g_strndup(values[0]->bv_val, values[0]->bv_len);
	ldap_value_free_len(values);
	return text;
}

static void set(char **member, char *text)
{
	if (!text)
		return;
	g_free(*member);
	*member = text;
}

/* --- the person --- */

struct finding {
	struct realm_answer *answer;
	unsigned n;
};

static bool found_person(LDAP *ldap, LDAPMessage *entry, void *data, GError **error)
{
	struct finding *finding = data;
	(void)error;
	char *dn = ldap_get_dn(ldap, entry);
	finding->n++;
	if (dn && strlen(dn) <= 1024 && g_utf8_validate(dn, -1, NULL))
		set(&finding->answer->dn, g_strdup(dn));
	set(&finding->answer->full_name, text_of(ldap, entry, "cn"));
	set(&finding->answer->manager, text_of(ldap, entry, "manager"));
	ldap_memfree(dn);
	return true;
}

static bool find_person(struct directory *directory, const struct realm_options *options,
    const char *principal, struct finding *finding, GError **error)
{
	static const char *const attributes[] = {"cn", "manager", NULL};
	g_autoptr(GString) filter = g_string_new(NULL);
	const char *at = strrchr(principal, '@');
	g_autofree char *user = at ? g_strndup(principal, (gsize)(at - principal)) : NULL;
	bool home = at && g_strcmp0(at + 1, options->realm) == 0;
	/* Another realm's alice is not the alice of our directory. */
	const struct ldap_filter_words words = {.user = home ? user : NULL, .principal = principal};
	return ldap_filter_append(filter, options->person_filter, &words, error) &&
	       directory_search(directory, options->people_base, filter->str, attributes, 8,
	           found_person, finding, error);
}

/* --- groups --- */

struct climb {
	const struct realm_options *options;
	GHashTable *seen;         /* normalised DNs of groups */
	GPtrArray *level, *above; /* DNs whose groups are asked for now, and next */
	GHashTable *names;
};

static bool found_group(LDAP *ldap, LDAPMessage *entry, void *data, GError **error)
{
	struct climb *climb = data;
	char *dn = ldap_get_dn(ldap, entry);
	g_autofree char *folded = dn ? g_utf8_casefold(dn, -1) : NULL;
	bool fits = true;
	if (folded && g_utf8_validate(dn, -1, NULL) && strlen(dn) <= 1024 &&
	    g_hash_table_add(climb->seen, g_strdup(folded))) {
		char *name = text_of(ldap, entry, climb->options->group_attribute);
		if (name)
			g_hash_table_add(climb->names, name);
		g_ptr_array_add(climb->above, g_strdup(dn));
		fits = g_hash_table_size(climb->seen) <= REALM_GROUPS_MAX;
	}
	ldap_memfree(dn);
	if (!fits)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "somebody is in more than %d groups", REALM_GROUPS_MAX);
	return fits;
}

static bool ask_level(struct directory *directory, struct climb *climb, GError **error)
{
	const char *const attributes[] = {climb->options->group_attribute, NULL};
	for (unsigned i = 0; i < climb->level->len; i += FILTER_MEMBERS) {
		g_autoptr(GString) filter = g_string_new("(|");
		for (unsigned k = i; k < MIN(climb->level->len, i + FILTER_MEMBERS); k++) {
			const struct ldap_filter_words words = {.dn = climb->level->pdata[k]};
			if (!ldap_filter_append(
			        filter, climb->options->group_filter, &words, error))
				return false;
		}
		g_string_append_c(filter, ')');
		if (!directory_search(directory, climb->options->group_base, filter->str,
		        attributes, REALM_GROUPS_MAX, found_group, climb, error))
			return false;
	}
	return true;
}

/* Level by level, so that each group is asked about once however it is reached. Deeper than the
 * bound nothing is left out silently: it is an error. */
static bool climb_groups(struct directory *directory, struct climb *climb, GError **error)
{
	for (unsigned depth = 0; climb->level->len > 0; depth++) {
		if (depth > PERSON_GROUP_DEPTH) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
			    "groups are nested deeper than %d", PERSON_GROUP_DEPTH);
			return false;
		}
		if (!ask_level(directory, climb, error))
			return false;
		g_ptr_array_unref(climb->level);
		climb->level = g_steal_pointer(&climb->above);
		climb->above = g_ptr_array_new_with_free_func(g_free);
	}
	return true;
}

static bool find_groups(struct directory *directory, const struct realm_options *options,
    struct realm_answer *answer, GError **error)
{
	if (!options->group_base)
		return true;
	struct climb climb = {.options = options};
	climb.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	climb.names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	climb.level = g_ptr_array_new_with_free_func(g_free);
	climb.above = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(climb.level, g_strdup(answer->dn));
	bool found = climb_groups(directory, &climb, error);
	if (found) {
		g_autofree gpointer *names =
		    (gpointer *)g_hash_table_get_keys_as_array(climb.names, NULL);
		g_strfreev(answer->groups);
		answer->groups = g_strdupv((char **)names);
	}
	g_hash_table_unref(climb.seen);
	g_hash_table_unref(climb.names);
	g_ptr_array_unref(climb.level);
	g_ptr_array_unref(climb.above);
	return found;
}

/* --- units --- */

static unsigned count_rdns(LDAPDN dn)
{
	unsigned n = 0;
	while (dn && dn[n])
		n++;
	return n;
}

/* NULL: this RDN names no unit. A '/' in a name would make two of one. Caller frees. */
static char *unit_of(LDAPRDN rdn)
{
	const LDAPAVA *ava = rdn[0];
	if (!ava || rdn[1] || ava->la_attr.bv_len != 2 ||
	    g_ascii_strncasecmp(ava->la_attr.bv_val, "ou", 2) != 0 || ava->la_value.bv_len == 0 ||
	    memchr(ava->la_value.bv_val, '/', ava->la_value.bv_len) ||
	    !g_utf8_validate(ava->la_value.bv_val, (gssize)ava->la_value.bv_len, NULL))
		return NULL;
	return g_strndup(ava->la_value.bv_val, ava->la_value.bv_len);
}

char **person_units(const char *dn, const char *base)
{
	LDAPDN parsed = NULL, base_parsed = NULL;
	g_autoptr(GStrvBuilder) units = g_strv_builder_new();
	g_autoptr(GString) path = g_string_new(NULL);
	if (ldap_str2dn(dn, &parsed, LDAP_DN_FORMAT_LDAPV3) == 0 &&
	    ldap_str2dn(base, &base_parsed, LDAP_DN_FORMAT_LDAPV3) == 0) {
		unsigned n = count_rdns(parsed), outside = count_rdns(base_parsed), found = 0;
		for (unsigned i = n > outside ? n - outside : 0;
		     i-- > 0 && found < REALM_UNITS_MAX;) {
			g_autofree char *unit = unit_of(parsed[i]);
			if (!unit)
				continue;
			g_string_append_printf(path, "%s%s", path->len ? "/" : "", unit);
			if (path->len > REALM_NAME_MAX)
				break;
			g_strv_builder_add(units, path->str);
			found++;
		}
	}
	ldap_dnfree(parsed);
	ldap_dnfree(base_parsed);
	return g_strv_builder_end(units);
}

struct realm_answer *person_look_up(
    struct directory *directory, const struct realm_options *options, const char *principal)
{
	g_autoptr(GError) error = NULL;
	AUTO(realm_answer) answer = realm_answer_new(REALM_ADMITTED, "");
	struct finding finding = {.answer = answer};
	if (!find_person(directory, options, principal, &finding, &error))
		return realm_answer_new(g_error_matches(error, QVMI_ERROR, QVMI_ERROR_INVALID)
		                            ? REALM_REFUSED
		                            : REALM_UNAVAILABLE,
		    error->message);
	if (finding.n != 1 || !*answer->dn)
		return realm_answer_new(REALM_REFUSED,
		    finding.n ? "several entries match: the person-filter is too wide"
		              : "the directory has no such person");
	if (!find_groups(directory, options, answer, &error))
		return realm_answer_new(REALM_UNAVAILABLE, error->message);
	g_free(answer->principal);
	answer->principal = g_strdup(principal);
	g_strfreev(answer->units);
	answer->units = person_units(answer->dn, options->people_base);
	return g_steal_pointer(&answer);
}
