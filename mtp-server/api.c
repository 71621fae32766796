/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/api.h"

#include "common/error.h"
#include "mtp-server/thumbnail.h"
#include "mtp-server/websocket_stream.h"

#define WIDTH_DEFAULT 180

static void on_thumbnail(GBytes *jpeg, const GError *error, void *data)
{
	struct http_request *request = data;
	if (error) {
		http_respond_error(request, error);
		return;
	}
	http_request_add_header(request, "Cache-Control", "no-store");
	http_respond_bytes(request, 200, "image/jpeg", jpeg);
}

static void handle_thumbnail(struct http_request *request, void *data)
{
	struct api *api = data;
	g_autoptr(GError) error = NULL;
	const char *phone = http_request_parameter(request, "uuid");
	const char *width = http_request_query(request, "width");
	guint64 pixels = WIDTH_DEFAULT;
	if (!g_uuid_string_is_valid(phone))
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID, "a phone's name is its UUID");
	else if (width && !g_ascii_string_to_unsigned(
	                      width, 10, THUMBNAIL_WIDTH_MIN, THUMBNAIL_WIDTH_MAX, &pixels, NULL))
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "width must be a number from %u to %u", THUMBNAIL_WIDTH_MIN,
		    THUMBNAIL_WIDTH_MAX);
	if (error) {
		http_respond_error(request, error);
		return;
	}
	http_request_hold(request);
	worker_pool_thumbnail(api->pool, phone, (unsigned)pixels, on_thumbnail, request);
}

static void handle_sessions(struct http_request *request, void *data)
{
	struct api *api = data;
	http_respond_json(request, 200, front_sessions(api->front));
}

static void handle_end_session(struct http_request *request, void *data)
{
	struct api *api = data;
	const char *session = http_request_parameter(request, "session");
	if (front_end_session(api->front, session)) {
		http_respond_empty(request, 204);
		return;
	}
	g_autoptr(GError) error = g_error_new(
	    QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "there is no session %s here now", session);
	http_respond_error(request, error);
}

const struct http_route api_routes[] = {
    {.method = "GET", .pattern = "/v1/phones/{uuid}/thumbnail", .handler = handle_thumbnail},
    {.method = "GET", .pattern = "/v1/sessions", .handler = handle_sessions},
    {.method = "DELETE", .pattern = "/v1/sessions/{session}", .handler = handle_end_session},
    {.method = NULL},
};

static bool on_open(struct http_socket *socket, struct http_request *request, void *server_data,
    void **data, GError **error)
{
	(void)request, (void)error;
	struct api *api = server_data;
	struct stream *stream = websocket_stream_new(socket);
	*data = stream;
	front_accept(stream, api->front);
	return true;
}

/* Where a person comes to accept this host's certificate, before a page may open its socket. */
static void handle_visit(struct http_request *request, void *data)
{
	static const char page[] =
	    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width\"><title>QVMI</title>"
	    "<p>This browser trusts the phones' host now. "
	    "Close this tab, go back to the page that sent you here, and open the phone again.";
	(void)data;
	g_autoptr(GBytes) bytes = g_bytes_new_static(page, sizeof page - 1);
	http_request_add_header(request, "Content-Security-Policy", "default-src 'none'");
	http_respond_bytes(request, 200, "text/html; charset=utf-8", bytes);
}

/* The grant in HELLO admits, no cookie does: a page of the broker's may be at another origin. */
static const struct http_socket_events socket_events = {
    .subprotocol = "mtp.v1",
    .any_origin = true,
    .open = on_open,
    .receive = websocket_stream_receive,
    .writable = websocket_stream_writable,
    .close = websocket_stream_close,
};

const struct http_route websocket_routes[] = {
    {.method = "WS", .pattern = "/mtp", .socket = &socket_events},
    {.method = "GET", .pattern = "/", .handler = handle_visit},
    {.method = NULL},
};
