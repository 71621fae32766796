/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/pkce.h"
#include "broker/proxy/authorization_code.h"
#include "common/error.h"

/* What a code stands for. */
struct issue {
	struct authorization *authorization;
	struct vouched_person *person;
	int64_t expires;
};

struct authorization_codes {
	GHashTable *issues; /* the code's challenge: a table's look-up takes the time it takes */
};

void vouched_person_free(struct vouched_person *person)
{
	if (!person)
		return;
	g_free(person->subject);
	g_free(person->username);
	g_free(person->full_name);
	g_strfreev(person->groups);
	g_free(person);
}

static void issue_free(void *data)
{
	struct issue *issue = data;
	authorization_free(issue->authorization);
	vouched_person_free(issue->person);
	g_free(issue);
}

struct authorization_codes *authorization_codes_new(void)
{
	struct authorization_codes *codes = g_new0(struct authorization_codes, 1);
	codes->issues = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, issue_free);
	return codes;
}

void authorization_codes_free(struct authorization_codes *codes)
{
	if (!codes)
		return;
	g_hash_table_unref(codes->issues);
	g_free(codes);
}

static gboolean is_over(void *key, void *value, void *now)
{
	(void)key;
	return ((struct issue *)value)->expires <= *(int64_t *)now;
}

char *authorization_codes_issue(struct authorization_codes *codes,
    struct authorization *authorization, struct vouched_person *person, int64_t now, GError **error)
{
	struct issue *issue = g_new0(struct issue, 1);
	issue->authorization = authorization;
	issue->person = person;
	issue->expires = now + AUTHORIZATION_CODE_S;
	g_hash_table_foreach_remove(codes->issues, is_over, &now);
	if (g_hash_table_size(codes->issues) >= AUTHORIZATION_CODES_MAX) {
		issue_free(issue);
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "too many sign-ins at once; try again in a minute");
		return NULL;
	}
	char *code = pkce_random();
	g_hash_table_insert(codes->issues, pkce_challenge(code), issue);
	return code;
}

struct vouched_person *authorization_codes_redeem(struct authorization_codes *codes,
    const char *code, const struct authorization_proof *proof, char **nonce)
{
	g_autofree char *digest = pkce_challenge(code);
	void *key, *value;
	*nonce = NULL;
	if (!g_hash_table_steal_extended(codes->issues, digest, &key, &value))
		return NULL;
	g_free(key);
	struct issue *issue = value;
	struct vouched_person *person = NULL;
	if (issue->expires > proof->now && issue->authorization->party == proof->party &&
	    g_str_equal(issue->authorization->redirect_uri, proof->redirect_uri) &&
	    pkce_fits(issue->authorization->challenge, proof->verifier)) {
		person = g_steal_pointer(&issue->person);
		*nonce = g_steal_pointer(&issue->authorization->nonce);
	}
	issue_free(issue);
	return person;
}
