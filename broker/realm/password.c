/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/realm/password.h"

#include <krb5.h>
#include <string.h>

#define TICKET_LIFE_S 300 /* nobody uses it but the check below */

struct attempt {
	krb5_context context;
	krb5_principal client, service;
	krb5_keytab keytab;
	krb5_get_init_creds_opt *options;
	krb5_creds credentials;
};

static void attempt_clear(struct attempt *attempt)
{
	if (!attempt->context)
		return;
	krb5_free_cred_contents(attempt->context, &attempt->credentials);
	krb5_get_init_creds_opt_free(attempt->context, attempt->options);
	if (attempt->keytab)
		krb5_kt_close(attempt->context, attempt->keytab);
	krb5_free_principal(attempt->context, attempt->client);
	krb5_free_principal(attempt->context, attempt->service);
	krb5_free_context(attempt->context);
}

/* What is the person's, or the company's decision about the person. All else is unavailable: a code
 * that we do not know lets nobody in and says nothing about the password. */
static enum realm_outcome outcome_of(krb5_error_code code)
{
	switch (code) {
	case KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN:
	case KRB5KDC_ERR_PREAUTH_FAILED:
	case KRB5_PREAUTH_FAILED:
	case KRB5KRB_AP_ERR_BAD_INTEGRITY:
	case KRB5KDC_ERR_CLIENT_REVOKED:
	case KRB5KDC_ERR_KEY_EXP:
	case KRB5KDC_ERR_NAME_EXP:
	case KRB5KDC_ERR_CLIENT_NOTYET:
	case KRB5KDC_ERR_POLICY:
	case KRB5_LIBOS_CANTREADPWD: /* it would ask for more: a new password, a token */
	case KRB5_LIBOS_PWDINTR:
		return REALM_REFUSED;
	default:
		return REALM_UNAVAILABLE;
	}
}

static struct realm_answer *failed(
    struct attempt *attempt, krb5_error_code code, const char *doing, enum realm_outcome outcome)
{
	const char *text = attempt->context ? krb5_get_error_message(attempt->context, code) : NULL;
	g_autofree char *detail =
	    g_strdup_printf("%s: %s", doing, text ? text : "the Kerberos library does not start");
	if (text)
		krb5_free_error_message(attempt->context, text);
	return realm_answer_new(outcome, detail);
}

/* No parser of names here: neither '/' nor an escape can make more of it than one component. */
static krb5_error_code build_client(struct attempt *attempt, const char *principal)
{
	const char *at = strrchr(principal, '@');
	if (!at)
		return KRB5_PARSE_MALFORMED;
	g_autofree char *name = g_strndup(principal, (gsize)(at - principal));
	return krb5_build_principal(attempt->context, &attempt->client, (unsigned)strlen(at + 1),
	    at + 1, name, (char *)NULL);
}

static krb5_error_code prepare(
    struct attempt *attempt, const struct realm_options *options, const char *principal)
{
	krb5_error_code code = krb5_init_context(&attempt->context);
	if (!code)
		code = build_client(attempt, principal);
	if (!code)
		code = krb5_parse_name(attempt->context, options->service, &attempt->service);
	if (!code)
		code = krb5_kt_resolve(attempt->context, options->keytab, &attempt->keytab);
	if (!code)
		code = krb5_get_init_creds_opt_alloc(attempt->context, &attempt->options);
	if (code)
		return code;
	krb5_get_init_creds_opt_set_tkt_life(attempt->options, TICKET_LIFE_S);
	krb5_get_init_creds_opt_set_forwardable(attempt->options, 0);
	krb5_get_init_creds_opt_set_proxiable(attempt->options, 0);
	/* Else the KDC could answer for another principal than the one that was asked for. */
	krb5_get_init_creds_opt_set_canonicalize(attempt->options, 0);
	return 0;
}

static krb5_error_code verify_kdc(struct attempt *attempt)
{
	krb5_verify_init_creds_opt options;
	krb5_verify_init_creds_opt_init(&options);
	krb5_verify_init_creds_opt_set_ap_req_nofail(&options, 1);
	return krb5_verify_init_creds(attempt->context, &attempt->credentials, attempt->service,
	    attempt->keytab, NULL, &options);
}

static struct realm_answer *ask(
    struct attempt *attempt, const char *principal, const char *password)
{
	/* No prompter: whatever the KDC asks beyond the password, nobody is here to say. */
	krb5_error_code code = krb5_get_init_creds_password(attempt->context, &attempt->credentials,
	    attempt->client, password, NULL, NULL, 0, NULL, attempt->options);
	if (code)
		return failed(attempt, code, "asking the KDC", outcome_of(code));
	if (!krb5_principal_compare(attempt->context, attempt->client, attempt->credentials.client))
		return realm_answer_new(REALM_UNAVAILABLE, "the KDC answered for somebody else");
	code = verify_kdc(attempt);
	if (code)
		return failed(attempt, code,
		    "the KDC cannot be verified by the key of our service in the keytab",
		    REALM_UNAVAILABLE);
	struct realm_answer *answer = realm_answer_new(REALM_ADMITTED, "");
	g_free(answer->principal);
	answer->principal = g_strdup(principal);
	return answer;
}

struct realm_answer *password_check(
    const struct realm_options *options, const char *principal, const char *password)
{
	struct attempt attempt = {0};
	krb5_error_code code = prepare(&attempt, options, principal);
	struct realm_answer *answer =
	    code ? failed(&attempt, code, "preparing to ask the KDC", REALM_UNAVAILABLE)
	         : ask(&attempt, principal, password);
	attempt_clear(&attempt);
	return answer;
}
