/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The company's Kerberos and directory (realm.h), and beside them our own accounts for emergencies.
 * Which of the two knows a name, or whether anybody does, is not to be heard from outside: every
 * refusal leaves at the next half second after its request came.
 */
#include "broker/authenticator.h"

#include "broker/account.h"
#include "broker/realm.h"
#include "common/error.h"

#define REFUSAL_STEP_US (500 * 1000)

struct kerberos {
	struct authenticator_context context;
	struct realm_context realm_context;
	struct realm *realm;
	void *local;
	GQueue refusals; /* struct attempt that wait for their half second */
};

struct attempt {
	struct kerberos *kerberos;
	int64_t begun;
	authenticated_fn done;
	negotiated_fn negotiated; /* one of the two is set */
	void *data;
	guint timer;
};

static struct attempt *attempt_new(struct kerberos *kerberos, void *data)
{
	struct attempt *attempt = g_new0(struct attempt, 1);
	attempt->kerberos = kerberos;
	attempt->begun = g_get_monotonic_time();
	attempt->data = data;
	return attempt;
}

static void attempt_answer(
    struct attempt *attempt, const char *user, GBytes *token, const GError *error)
{
	if (attempt->done)
		attempt->done(user, error, attempt->data);
	else
		attempt->negotiated(user, token, error, attempt->data);
	g_free(attempt);
}

static gboolean refuse_now(void *data)
{
	struct attempt *attempt = data;
	g_queue_remove(&attempt->kerberos->refusals, attempt);
	attempt_answer(attempt, NULL, NULL, NULL);
	return G_SOURCE_REMOVE;
}

static void refuse(struct attempt *attempt)
{
	int64_t taken = g_get_monotonic_time() - attempt->begun;
	int64_t left = REFUSAL_STEP_US - taken % REFUSAL_STEP_US;
	g_queue_push_tail(&attempt->kerberos->refusals, attempt);
	attempt->timer = g_timeout_add((guint)(left / 1000) + 1, refuse_now, attempt);
}

static void admitted(const char *user, GBytes *token, const GError *error, void *data)
{
	if (user || error)
		attempt_answer(data, user, token, error);
	else
		refuse(data);
}

static void verified_locally(const char *user, const GError *error, void *data)
{
	admitted(user, NULL, error, data);
}

static void sessions_ended(void *data)
{
	struct kerberos *kerberos = data;
	kerberos->context.ended(kerberos->context.data);
}

static void *kerberos_open(const struct authenticator_context *context, GError **error)
{
	if (!context->realm) {
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "sign-in.backend=kerberos needs kerberos.realm, kerberos.service and "
		    "kerberos.keytab");
		return NULL;
	}
	void *local = authenticator_local.open(context, error);
	if (!local)
		return NULL;
	struct kerberos *kerberos = g_new0(struct kerberos, 1);
	kerberos->context = *context;
	kerberos->realm_context = (struct realm_context){.database = context->database,
	    .clock = context->clock,
	    .ended = sessions_ended,
	    .data = kerberos};
	kerberos->local = local;
	kerberos->realm = realm_new(context->realm, &kerberos->realm_context);
	g_queue_init(&kerberos->refusals);
	return kerberos;
}

static void kerberos_close(void *state)
{
	struct kerberos *kerberos = state;
	realm_free(kerberos->realm);
	while (kerberos->refusals.head) {
		struct attempt *attempt = kerberos->refusals.head->data;
		g_source_remove(attempt->timer);
		refuse_now(attempt);
	}
	authenticator_local.close(kerberos->local);
	g_free(kerberos);
}

static bool is_local(struct kerberos *kerberos, const char *user, bool *local, GError **error)
{
	g_autoptr(GError) failure = NULL;
	AUTO(account) account = account_find(kerberos->context.database, user, &failure);
	*local = account && !account->principal;
	if (account || g_error_matches(failure, QVMI_ERROR, QVMI_ERROR_NOT_FOUND))
		return true;
	g_propagate_error(error, g_steal_pointer(&failure));
	return false;
}

static bool kerberos_verify(void *state, const char *user, const char *password,
    authenticated_fn done, void *data, GError **error)
{
	struct kerberos *kerberos = state;
	bool local;
	if (!is_local(kerberos, user, &local, error))
		return false;
	struct attempt *attempt = attempt_new(kerberos, data);
	attempt->done = done;
	g_autofree char *principal = principal_of_typed(&kerberos->context.realm->rules, user);
	bool asked = true;
	if (local)
		asked = authenticator_local.verify(
		    kerberos->local, user, password, verified_locally, attempt, error);
	else if (principal)
		asked = realm_check_password(
		    kerberos->realm, principal, password, admitted, attempt, error);
	else
		refuse(attempt);
	if (!asked)
		g_free(attempt);
	return asked;
}

static bool kerberos_negotiate(
    void *state, GBytes *token, negotiated_fn done, void *data, GError **error)
{
	struct kerberos *kerberos = state;
	struct attempt *attempt = attempt_new(kerberos, data);
	attempt->negotiated = done;
	if (realm_check_ticket(kerberos->realm, token, admitted, attempt, error))
		return true;
	g_free(attempt);
	return false;
}

const struct authenticator authenticator_kerberos = {
    .name = "kerberos",
    .open = kerberos_open,
    .close = kerberos_close,
    .verify = kerberos_verify,
    .negotiate = kerberos_negotiate,
};
