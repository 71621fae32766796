/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/broker.h"

#include "broker/api.h"
#include "broker/attempt_limiter.h"
#include "broker/password_worker.h"
#include "broker/pool_client.h"
#include "broker/resumer.h"
#include "broker/schema.h"
#include "broker/session.h"
#include "broker/stream_ender.h"
#include "broker/token.h"
#include "common/database.h"
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
	    !token_end_expired(broker->database, now, &error) ||
	    !session_forget_old(broker->database, now, &error))
		g_warning("sweeping the records: %s", error->message);
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
	    !open_sign_in(broker, options, error))
		return NULL;
	broker->pool = pool_client_new(&options->pool, error);
	if (!broker->pool)
		return NULL;
	broker->resumer = resumer_new(broker);
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
	pool_client_free(broker->pool);
	stream_ender_free(broker->streams);
	http_server_free(broker->server);
	attempt_limiter_free(broker->limiter);
	grant_key_file_free(broker->grant_keys);
	database_free(broker->database);
	g_free(broker);
}
