/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/broker.h"

#include "broker/api.h"
#include "broker/attempt_limiter.h"
#include "broker/audit.h"
#include "broker/challenge.h"
#include "broker/factor_policy.h"
#include "broker/password_worker.h"
#include "broker/pool_client.h"
#include "broker/resumer.h"
#include "broker/schema.h"
#include "broker/secret_key.h"
#include "broker/session.h"
#include "broker/session_policy.h"
#include "broker/stream_ender.h"
#include "broker/token.h"
#include "broker/welcomer.h"
#include "common/database.h"
#include "common/error.h"
#include "common/metrics.h"

#define SWEEP_S 60
#define MAX_BODY (64 * 1024) /* the largest request is a sign-in */

static int64_t real_clock(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

int64_t broker_now(const struct broker *broker)
{
	return broker->clock();
}

void broker_sweep(struct broker *broker)
{
	g_autoptr(GError) error = NULL;
	int64_t now = broker_now(broker);
	if (!session_close_orphans(broker->database, now, &error) ||
	    !session_policy_end_old(broker->database, now, &error) ||
	    !token_end_expired(broker->database, now, &error) ||
	    !session_forget_old(broker->database, now, &error))
		g_warning("sweeping the records: %s", error->message);
	if (broker->federation)
		federation_sweep(broker->federation);
	stream_ender_run(broker->streams);
}

static gboolean sweep_due(void *data)
{
	broker_sweep(data);
	return G_SOURCE_CONTINUE;
}

/* Everything from this origin, WebAssembly, and the streams of the hosts; nothing inline, no frame
 * around the page. */
static char *content_security_policy(const char *web_connect)
{
	return g_strdup_printf(
	    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
	    "img-src 'self' blob: data:; font-src 'self'; manifest-src 'self'; worker-src 'self'; "
	    "connect-src 'self' %s; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	    web_connect);
}

static bool open_records(struct broker *broker, const char *path, GError **error)
{
	broker->database = database_open(path, broker_schema, error);
	return broker->database &&
	       session_fail_allocating(broker->database, broker_now(broker), error);
}

static bool open_second_factor(
    struct broker *broker, const struct broker_options *options, GError **error)
{
	const char *password = options->factor_after_password,
	           *ticket = options->factor_after_ticket;
	broker->code_limiter = attempt_limiter_new();
	broker->challenges = challenges_new();
	broker->factor_issuer = g_strdup(options->factor_issuer ? options->factor_issuer : "QVMI");
	broker->factor_after_password = factor_policy_parse(password ? password : "nobody", error);
	if (!broker->factor_after_password)
		return false;
	broker->factor_after_ticket = factor_policy_parse(ticket ? ticket : "nobody", error);
	if (!broker->factor_after_ticket)
		return false;
	if (factor_policy_is_nobody(broker->factor_after_password) &&
	    factor_policy_is_nobody(broker->factor_after_ticket))
		return true;
	if (options->secret_key_path)
		broker->secret_key = secret_key_load(options->secret_key_path, error);
	else
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "a second factor needs a key that its secrets are sealed with: make one with "
		    "(umask 077; openssl rand -out FILE 32) and name it in [second-factor] key");
	return broker->secret_key != NULL;
}

static bool open_audit(struct broker *broker, const struct broker_options *options, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(options->database_path);
	g_autofree char *path = options->audit_path
	                            ? g_strdup(options->audit_path)
	                            : g_build_filename(folder, "audit.sqlite", NULL);
	g_autofree char *heads = options->audit_heads
	                             ? g_strdup(options->audit_heads)
	                             : g_build_filename(folder, "audit-heads", NULL);
	broker->audit = audit_log_new(broker, path, heads, error);
	return broker->audit != NULL;
}

static void sessions_ended(void *data)
{
	struct broker *broker = data;
	stream_ender_run(broker->streams);
}

static bool open_sign_in(
    struct broker *broker, const struct broker_options *options, GError **error)
{
	broker->limiter = attempt_limiter_new();
	broker->passwords = password_worker_new(
	    &options->password_cost, options->password_threads, options->password_queue, error);
	if (!broker->passwords)
		return false;
	broker->authenticator = authenticator_find(options->authenticator, error);
	if (!broker->authenticator)
		return false;
	broker->authenticator_context = (struct authenticator_context){.database = broker->database,
	    .passwords = broker->passwords,
	    .realm = options->realm,
	    .clock = broker->clock,
	    .ended = sessions_ended,
	    .data = broker};
	broker->authenticator_state =
	    broker->authenticator->open(&broker->authenticator_context, error);
	return broker->authenticator_state != NULL;
}

static bool open_federation(
    struct broker *broker, const struct federation_settings *settings, GError **error)
{
	const struct federation_context context = {.database = broker->database,
	    .clock = broker->clock,
	    .ended = sessions_ended,
	    .data = broker};
	if (settings)
		broker->federation = federation_new(settings, &context, error);
	return !settings || broker->federation;
}

static void serve(struct broker *broker, const struct broker_options *options)
{
	static const double seconds[] = {0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120};
	broker->sign_ins = metric_counter("qvmi_broker_sign_ins_total", "Sign-ins.", "result");
	broker->sessions =
	    metric_counter("qvmi_broker_sessions_total", "Sessions opened.", "result");
	broker->resumptions =
	    metric_counter("qvmi_broker_resumptions_total", "Sessions come back to.", "result");
	broker->allocation = metric_histogram("qvmi_broker_allocation_seconds",
	    "From asking the pool to a running phone.", seconds, G_N_ELEMENTS(seconds));
	broker->server = http_server_new(api_routes, broker);
	http_server_set_max_body(broker->server, MAX_BODY);
	http_server_set_guard(broker->server, audit_guard);
	http_server_set_observer(broker->server, audit_observe);
	if (options->web_folder) {
		g_autofree char *policy = content_security_policy(options->web_connect);
		http_server_serve_folder(broker->server, options->web_folder, policy);
	}
}

struct broker *broker_new(const struct broker_options *options, GError **error)
{
	AUTO(broker) broker = g_new0(struct broker, 1);
	broker->clock = options->clock ? options->clock : real_clock;
	broker->token_lifetime_s = options->token_lifetime_s;
	broker->grant_lifetime_s = options->grant_lifetime_s;
	broker->grant_keys = grant_key_file_new(options->grant_private_key, true, error);
	if (!broker->grant_keys || !open_records(broker, options->database_path, error) ||
	    !open_audit(broker, options, error) || !open_second_factor(broker, options, error) ||
	    !open_sign_in(broker, options, error) ||
	    !open_federation(broker, options->federation, error))
		return NULL;
	broker->pool = pool_client_new(&options->pool, error);
	if (!broker->pool)
		return NULL;
	broker->resumer = resumer_new(broker);
	broker->welcomer = welcomer_new(broker);
	broker->streams = stream_ender_new(broker);
	stream_ender_run(broker->streams);
	serve(broker, options);
	broker->sweep = g_timeout_add_seconds(SWEEP_S, sweep_due, broker);
	return g_steal_pointer(&broker);
}

void broker_free(struct broker *broker)
{
	if (!broker)
		return;
	if (broker->sweep)
		g_source_remove(broker->sweep);
	/* These answer the requests they hold, so they go before the server, and what the answers
	 * need goes after. */
	password_worker_free(broker->passwords);
	if (broker->authenticator_state)
		broker->authenticator->close(broker->authenticator_state);
	resumer_free(broker->resumer);
	federation_free(broker->federation);
	welcomer_free(broker->welcomer);
	pool_client_free(broker->pool);
	stream_ender_free(broker->streams);
	http_server_free(broker->server);
	attempt_limiter_free(broker->limiter);
	attempt_limiter_free(broker->code_limiter);
	challenges_free(broker->challenges);
	factor_policy_free(broker->factor_after_password);
	factor_policy_free(broker->factor_after_ticket);
	g_free(broker->factor_issuer);
	secret_key_free(broker->secret_key);
	audit_log_free(broker->audit);
	grant_key_file_free(broker->grant_keys);
	database_free(broker->database);
	g_free(broker);
}
