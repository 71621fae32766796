/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib-unix.h>
#include <string.h>

#include "common/error.h"
#include "common/http_call.h"

#define TIMEOUT_MS 30000
#define ANSWER_MAX (16 * 1024 * 1024)

static gboolean on_timer(gpointer data);

/* --- the client --- */

static void release(struct http_client *client)
{
	if (--client->references > 0)
		return;
	if (client->timer)
		g_source_remove(client->timer);
	curl_multi_cleanup(client->multi);
	g_ptr_array_unref(client->calls);
	g_free(client->base);
	g_free(client->unix_path);
	g_free(client->ca_file);
	g_free(client->certificate_file);
	g_free(client->key_file);
	g_free(client->bearer);
	g_free(client->name);
	g_free(client);
}

/* Takes the call out of the client, then tells: the callback may do anything. */
static void finish(struct call *call, CURLcode result, GError *given)
{
	struct http_client *client = call->client;
	struct http_reply reply = {0};
	g_autoptr(GError) error = given;
	bool good = false;

	client->references++;
	g_ptr_array_remove_fast(client->calls, call);
	curl_multi_remove_handle(client->multi, call->easy);
	if (!error)
		good = call_read_reply(call, result, &reply, &error);
	call->done(good ? &reply : NULL, error, call->data);
	call_reply_clear(&reply);
	call_free(call);
	release(client);
}

static void finish_done(struct http_client *client)
{
	CURLMsg *message;
	int left;

	client->references++;
	while (!client->closed && (message = curl_multi_info_read(client->multi, &left))) {
		struct call *call = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode result = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
		finish(call, result, NULL);
	}
	release(client);
}

/* --- libcurl's sockets and timer on the main loop --- */

struct watch {
	struct http_client *client;
	guint source;
};

static gboolean on_socket(gint fd, GIOCondition condition, gpointer data)
{
	struct http_client *client = ((struct watch *)data)->client;
	int running, mask = 0;

	if (condition & G_IO_IN)
		mask |= CURL_CSELECT_IN;
	if (condition & G_IO_OUT)
		mask |= CURL_CSELECT_OUT;
	if (condition & (G_IO_ERR | G_IO_HUP))
		mask |= CURL_CSELECT_ERR;
	/* The watch may be gone after this. */
	curl_multi_socket_action(client->multi, fd, mask, &running);
	finish_done(client);
	return G_SOURCE_CONTINUE; /* when removed meanwhile, the source is destroyed already */
}

static int on_want_socket(CURL *easy, curl_socket_t fd, int what, void *data, void *socket_data)
{
	struct http_client *client = data;
	struct watch *watch = socket_data;
	GIOCondition condition = 0;
	(void)easy;

	if (watch)
		g_source_remove(watch->source);
	if (what == CURL_POLL_REMOVE) {
		g_free(watch);
		return 0;
	}
	if (!watch) {
		watch = g_new0(struct watch, 1);
		watch->client = client;
		curl_multi_assign(client->multi, fd, watch);
	}
	if (what & CURL_POLL_IN)
		condition |= G_IO_IN;
	if (what & CURL_POLL_OUT)
		condition |= G_IO_OUT;
	watch->source = g_unix_fd_add(fd, condition, on_socket, watch);
	return 0;
}

static int on_want_timer(CURLM *multi, long ms, void *data)
{
	struct http_client *client = data;
	(void)multi;

	if (client->timer)
		g_source_remove(client->timer);
	client->timer = ms < 0 ? 0 : g_timeout_add((guint)ms, on_timer, client);
	return 0;
}

static gboolean on_timer(gpointer data)
{
	struct http_client *client = data;
	int running;

	client->timer = 0;
	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_done(client);
	return G_SOURCE_REMOVE;
}

/* --- interface --- */

static bool set_base(struct http_client *client, const char *url, GError **error)
{
	if (g_str_has_prefix(url, "unix:/")) {
		client->unix_path = g_strdup(url + strlen("unix:"));
		client->base = g_strdup("http://localhost");
		return true;
	}
	g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);
	const char *scheme = uri ? g_uri_get_scheme(uri) : "";
	const char *host = uri ? g_uri_get_host(uri) : NULL;
	g_autoptr(GInetAddress) address = host ? g_inet_address_new_from_string(host) : NULL;
	bool loopback = address && g_inet_address_get_is_loopback(address);
	/* A token must not cross a network in the clear. */
	if (!host ||
	    (!g_str_equal(scheme, "https") && !(g_str_equal(scheme, "http") && loopback))) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"%s\" is no address of a daemon: use unix:/path, https://host:port, or "
		    "http:// with a loopback address",
		    url);
		return false;
	}
	client->base = g_strdup(url);
	if (g_str_has_suffix(client->base, "/"))
		client->base[strlen(client->base) - 1] = 0;
	return true;
}

struct http_client *http_client_new(const struct http_client_options *options, GError **error)
{
	static gsize once;

	if (g_once_init_enter(&once)) {
		curl_global_init(CURL_GLOBAL_DEFAULT);
		g_once_init_leave(&once, 1);
	}
	struct http_client *client = g_new0(struct http_client, 1);
	client->references = 1;
	client->calls = g_ptr_array_new();
	client->multi = curl_multi_init();
	client->ca_file = g_strdup(options->ca_file);
	client->certificate_file = g_strdup(options->certificate_file);
	client->key_file = g_strdup(options->key_file);
	client->bearer = g_strdup(options->bearer);
	client->name = g_strdup(options->name ? options->name : options->base_url);
	client->timeout_ms = options->timeout_ms ? options->timeout_ms : TIMEOUT_MS;
	client->max_answer = options->max_answer ? options->max_answer : ANSWER_MAX;
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_want_socket);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_want_timer);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	if (!set_base(client, options->base_url, error)) {
		http_client_free(client);
		return NULL;
	}
	return client;
}

void http_client_free(struct http_client *client)
{
	if (!client)
		return;
	client->closed = true;
	while (client->calls->len > 0)
		finish(g_ptr_array_index(client->calls, 0), CURLE_OK,
		    g_error_new(QVMI_ERROR, QVMI_ERROR_CANCELLED, "cancelled"));
	release(client);
}

void http_client_set_bearer(struct http_client *client, const char *bearer)
{
	g_free(client->bearer);
	client->bearer = g_strdup(bearer);
}

static gboolean finish_cancelled(gpointer data)
{
	struct call *call = data;

	call->finish_source = 0;
	finish(call, CURLE_OK, g_error_new(QVMI_ERROR, QVMI_ERROR_CANCELLED, "cancelled"));
	return G_SOURCE_REMOVE;
}

/* From the main loop: the canceller may hold what the callback takes. */
static void on_cancelled(GCancellable *cancellable, gpointer data)
{
	struct call *call = data;
	(void)cancellable;

	if (!call->finish_source)
		call->finish_source = g_idle_add(finish_cancelled, call);
}

void http_client_call(struct http_client *client, const struct http_call *request,
    GCancellable *cancellable, http_reply_fn done, void *data)
{
	struct call *call = call_new(client, request);

	call->done = done;
	call->data = data;
	g_ptr_array_add(client->calls, call);
	if (cancellable) {
		call->cancellable = g_object_ref(cancellable);
		call->cancel_handler =
		    g_cancellable_connect(cancellable, G_CALLBACK(on_cancelled), call, NULL);
	}
	if (!g_cancellable_is_cancelled(cancellable))
		curl_multi_add_handle(client->multi, call->easy);
}

/* With errors of the transfer and of the daemon; the reply's strings end with `*call`. */
static bool call_sync(struct http_client *client, const struct http_call *request,
    struct call **call, struct http_reply *reply, GError **error)
{
	*call = call_new(client, request);
	return call_read_reply(*call, curl_easy_perform((*call)->easy), reply, error);
}

JsonNode *http_client_call_sync(
    struct http_client *client, const struct http_call *request, GError **error)
{
	struct http_reply reply = {0};
	struct call *call;
	JsonNode *json = NULL;

	if (call_sync(client, request, &call, &reply, error))
		json = g_steal_pointer(&reply.json);
	call_reply_clear(&reply);
	call_free(call);
	return json;
}

GBytes *http_client_fetch_sync(struct http_client *client, const char *path, GError **error)
{
	const struct http_call request = {.method = "GET", .path = path};
	struct http_reply reply = {0};
	struct call *call;
	GBytes *bytes = NULL;

	if (call_sync(client, &request, &call, &reply, error))
		bytes = g_bytes_new(call->answer->data, call->answer->len);
	call_reply_clear(&reply);
	call_free(call);
	return bytes;
}

char *http_path(const char *format, ...)
{
	GString *path = g_string_new(NULL);
	va_list arguments;

	va_start(arguments, format);
	for (; *format; format++) {
		if (format[0] != '%') {
			g_string_append_c(path, *format);
			continue;
		}
		if (*++format != 's')
			g_error("http_path() knows %%s only");
		g_autofree char *escaped =
		    g_uri_escape_string(va_arg(arguments, const char *), NULL, FALSE);
		g_string_append(path, escaped);
	}
	va_end(arguments);
	return g_string_free(path, FALSE);
}
