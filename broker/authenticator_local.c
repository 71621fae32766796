/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accounts in the broker's own records, passwords by Argon2id. */
#include "broker/authenticator.h"

#include "broker/account.h"
#include "broker/password_worker.h"
#include "common/error.h"

struct attempt {
	const struct authenticator_context *context;
	char *user; /* NULL: nobody has this name */
	authenticated_fn done;
	void *data;
};

static void attempt_free(struct attempt *attempt)
{
	g_free(attempt->user);
	g_free(attempt);
}

static void *local_open(const struct authenticator_context *context, GError **error)
{
	(void)error;
	return g_memdup2(context, sizeof *context);
}

static void verified(bool matches, const char *renewed, const GError *error, void *data)
{
	struct attempt *attempt = data;
	if (renewed) {
		g_autoptr(GError) failure = NULL;
		if (!account_set_password(
		        attempt->context->database, attempt->user, renewed, &failure))
			g_warning("renewing the password hash of %s: %s", attempt->user,
			    failure->message);
	}
	attempt->done(matches ? attempt->user : NULL, error, attempt->data);
	attempt_free(attempt);
}

static bool local_verify(void *state, const char *user, const char *password, authenticated_fn done,
    void *data, GError **error)
{
	const struct authenticator_context *context = state;
	g_autoptr(GError) failure = NULL;
	AUTO(account) account = account_find(context->database, user, &failure);
	if (!account && !g_error_matches(failure, QVMI_ERROR, QVMI_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return false;
	}
	if (account && account->principal)
		g_clear_pointer(
		    &account, account_free); /* Kerberos knows him, we have no password */
	struct attempt *attempt = g_new0(struct attempt, 1);
	attempt->context = context;
	attempt->user = account ? g_strdup(account->name) : NULL;
	attempt->done = done;
	attempt->data = data;
	if (password_worker_verify(context->passwords, account ? account->password : NULL, password,
	        verified, attempt, error))
		return true;
	attempt_free(attempt);
	return false;
}

const struct authenticator authenticator_local = {
    .name = "local",
    .open = local_open,
    .close = g_free,
    .verify = local_verify,
};
