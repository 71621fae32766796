/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/organisation.h"

#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "common/pkce.h"

#define REQUEST_MAX 4096
#define CALLBACK "/v1/federation/callback/"

struct organisation {
	GSocketService *listener;
	uint16_t port;
	char *verifier, *challenge, *state;
	struct http_client *provider, *broker; /* broker: borrowed */
	GCancellable *cancellable;
	guint patience;
	organisation_done done; /* NULL: it has run */
	void *data;
};

static void finish(struct organisation *organisation, const char *code, const GError *error)
{
	organisation_done done = organisation->done;
	organisation->done = NULL;
	if (done)
		done(code, error, organisation->data);
}

static void fail(struct organisation *organisation, int code, const char *why)
{
	g_autoptr(GError) error = g_error_new_literal(QVMI_ERROR, code, why);
	finish(organisation, NULL, error);
}

/* The query of the address that we gave to the broker: ours, if it has our state. */
static void take_answer(struct organisation *organisation, const char *query)
{
	g_autoptr(GHashTable) parameters =
	    g_uri_parse_params(query, -1, "&", G_URI_PARAMS_NONE, NULL);
	const char *state = parameters ? g_hash_table_lookup(parameters, "state") : NULL;
	if (g_strcmp0(state, organisation->state) != 0)
		return; /* somebody else's */
	const char *code = g_hash_table_lookup(parameters, "code");
	if (code)
		finish(organisation, code, NULL);
	else
		fail(organisation, QVMI_ERROR_UNAUTHENTICATED,
		    "your organisation did not vouch for you to this broker");
}

/* --- the browser's way --- */

struct visit {
	struct organisation *organisation; /* referenced by the cancellable: not touched after it */
	GSocketConnection *connection;
	GCancellable *cancellable;
	gsize n;
	char text[REQUEST_MAX];
};

static void visit_end(struct visit *visit)
{
	g_object_unref(visit->connection);
	g_object_unref(visit->cancellable);
	g_free(visit);
}

static void answer(struct visit *visit)
{
	static const char page[] =
	    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"
	    "Content-Security-Policy: default-src 'none'\r\nContent-Length: 53\r\n\r\n"
	    "You can close this page and go back to your program.\n";
	GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(visit->connection));
	/* It fits the socket's buffer. */
	g_output_stream_write_all(out, page, strlen(page), NULL, NULL, NULL);
	g_io_stream_close(G_IO_STREAM(visit->connection), NULL, NULL);
}

static void read_more(struct visit *visit);

static void on_read(GObject *stream, GAsyncResult *result, void *data)
{
	struct visit *visit = data;
	gssize n = g_input_stream_read_finish(G_INPUT_STREAM(stream), result, NULL);
	if (n <= 0 || g_cancellable_is_cancelled(visit->cancellable))
		return visit_end(visit);
	visit->n += (gsize)n;
	visit->text[visit->n] = '\0';
	char *end = strstr(visit->text, "\r\n");
	if (!end && visit->n < sizeof visit->text - 1)
		return read_more(visit);
	if (end)
		*end = '\0';
	char *space = strrchr(visit->text, ' ');
	static const char prefix[] = "GET /?";
	if (!end || !space || !g_str_has_prefix(visit->text, prefix))
		return visit_end(visit);
	*space = '\0';
	answer(visit);
	take_answer(visit->organisation, visit->text + strlen(prefix));
	visit_end(visit);
}

static void read_more(struct visit *visit)
{
	GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(visit->connection));
	g_input_stream_read_async(in, visit->text + visit->n, sizeof visit->text - 1 - visit->n,
	    G_PRIORITY_DEFAULT, visit->cancellable, on_read, visit);
}

static gboolean on_visit(
    GSocketService *listener, GSocketConnection *connection, GObject *source, void *data)
{
	struct organisation *organisation = data;
	struct visit *visit = g_new0(struct visit, 1);
	(void)listener;
	(void)source;
	visit->organisation = organisation;
	visit->connection = g_object_ref(connection);
	visit->cancellable = g_object_ref(organisation->cancellable);
	read_more(visit);
	return TRUE;
}

static gboolean on_impatience(void *data)
{
	struct organisation *organisation = data;
	organisation->patience = 0;
	fail(organisation, QVMI_ERROR_TIMEOUT, "nobody has signed in in the browser");
	return G_SOURCE_REMOVE;
}

void organisation_browse(
    struct organisation *organisation, const char *url, organisation_done done, void *data)
{
	const char *const command[] = {"xdg-open", url, NULL};
	organisation->done = done;
	organisation->data = data;
	fprintf(stderr, "Sign in at your organisation, in a browser on this machine:\n%s\n", url);
	organisation->patience =
	    g_timeout_add_seconds(ORGANISATION_WAIT_S, on_impatience, organisation);
	g_spawn_async(NULL, (char **)command, NULL,
	    G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL, NULL,
	    NULL, NULL, NULL); /* where there is none, the address is on stderr */
}

/* --- the ticket's way: what the provider says to a browser, and the broker after it --- */

static void broker_answered(const struct http_reply *reply, const GError *error, void *data)
{
	struct organisation *organisation = data;
	if (!organisation->done || g_cancellable_is_cancelled(organisation->cancellable))
		return;
	if (error)
		return finish(organisation, NULL, error);
	g_autofree char *ours = g_strdup_printf("http://127.0.0.1:%u/?", organisation->port);
	if (!g_str_has_prefix(reply->location, ours))
		return fail(organisation, QVMI_ERROR_UNAUTHENTICATED,
		    "the broker took nothing of what your organisation said");
	take_answer(organisation, reply->location + strlen(ours));
}

static void provider_answered(const struct http_reply *reply, const GError *error, void *data)
{
	struct organisation *organisation = data;
	if (!organisation->done || g_cancellable_is_cancelled(organisation->cancellable))
		return;
	if (g_error_matches(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED))
		return fail(organisation, QVMI_ERROR_UNAUTHENTICATED,
		    "your organisation takes no ticket of yours: get one (kinit), or sign in "
		    "without --kerberos");
	if (error)
		return finish(organisation, NULL, error);
	/* Wherever it says: the broker that we know is asked, and nobody else. */
	const char *path = strstr(reply->location ? reply->location : "", CALLBACK);
	if (!path)
		return fail(organisation, QVMI_ERROR_UNAUTHENTICATED,
		    "your organisation leads elsewhere than back to the broker");
	const struct http_call call = {.method = "GET", .path = path, .redirect = true};
	http_client_call(
	    organisation->broker, &call, organisation->cancellable, broker_answered, organisation);
}

void organisation_negotiate(struct organisation *organisation, const char *url,
    struct http_client *broker, const char *ca_file, organisation_done done, void *data)
{
	g_autoptr(GError) error = NULL;
	const char *host = strstr(url, "://");
	const char *path = host ? strchr(host + strlen("://"), '/') : NULL;
	g_autofree char *origin = path ? g_strndup(url, (gsize)(path - url)) : NULL;
	const struct http_client_options options = {
	    .base_url = origin, .ca_file = ca_file, .name = "your organisation"};
	organisation->done = done;
	organisation->data = data;
	organisation->broker = broker;
	if (!origin)
		return fail(organisation, QVMI_ERROR_INVALID, "the broker names no address");
	organisation->provider = http_client_new(&options, &error);
	if (!organisation->provider)
		return finish(organisation, NULL, error);
	const struct http_call call = {
	    .method = "GET", .path = path, .negotiate = true, .redirect = true};
	http_client_call(organisation->provider, &call, organisation->cancellable,
	    provider_answered, organisation);
}

/* --- life --- */

struct organisation *organisation_new(GError **error)
{
	struct organisation *organisation = g_new0(struct organisation, 1);
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) any = g_inet_socket_address_new(loopback, 0);
	g_autoptr(GSocketAddress) bound = NULL;
	g_autoptr(GError) failure = NULL;
	organisation->listener = g_socket_service_new();
	organisation->cancellable = g_cancellable_new();
	organisation->verifier = pkce_random();
	organisation->challenge = pkce_challenge(organisation->verifier);
	organisation->state = pkce_random();
	if (!g_socket_listener_add_address(G_SOCKET_LISTENER(organisation->listener), any,
	        G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &bound, &failure)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "cannot wait for your organisation's answer on 127.0.0.1: %s",
		    failure->message);
		organisation_free(organisation);
		return NULL;
	}
	organisation->port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
	g_signal_connect(organisation->listener, "incoming", G_CALLBACK(on_visit), organisation);
	return organisation;
}

void organisation_free(struct organisation *organisation)
{
	if (!organisation)
		return;
	organisation->done = NULL;
	g_cancellable_cancel(organisation->cancellable);
	g_object_unref(organisation->cancellable);
	g_signal_handlers_disconnect_by_data(organisation->listener, organisation);
	g_socket_service_stop(organisation->listener);
	g_socket_listener_close(G_SOCKET_LISTENER(organisation->listener));
	g_object_unref(organisation->listener);
	http_client_free(organisation->provider);
	if (organisation->patience)
		g_source_remove(organisation->patience);
	g_free(organisation->verifier);
	g_free(organisation->challenge);
	g_free(organisation->state);
	g_free(organisation);
}

uint16_t organisation_port(const struct organisation *organisation)
{
	return organisation->port;
}

const char *organisation_challenge(const struct organisation *organisation)
{
	return organisation->challenge;
}

const char *organisation_state(const struct organisation *organisation)
{
	return organisation->state;
}

const char *organisation_verifier(const struct organisation *organisation)
{
	return organisation->verifier;
}
