/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/rdp/rdp_server.h"

#include <gio/gio.h>
#include <linux/input-event-codes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "mtp-client/gateway/keysym.h"
#include "mtp-client/rdp/credentials.h"
#include "mtp-client/rdp/shared_picture.h"
#include "mtp-client/rdp/viewer.h"

#define CONNECTIONS_MAX 4
#define SILENCE_MS 30000 /* what we sent is not acknowledged: the client is gone */
#define KEYSYM_SHIFT_L 0xffe1
#define KEYSYM_SHIFT_R 0xffe2

struct gateway_server {
	struct gateway_door door;
	GSocketService *listener;
	int credentials;
	struct shared_picture *shared;
	uint32_t width, height;  /* of what is shared */
	struct rectangle damage; /* that the viewer has not been told of */
	GPtrArray *viewers;      /* all that have connected */
	struct viewer *viewer;   /* who was let in */
	struct keysyms keysyms;
};

/* --- what a viewer does --- */

static void drop_others(struct gateway_server *s)
{
	for (guint i = s->viewers->len; i-- > 0;)
		if (g_ptr_array_index(s->viewers, i) != s->viewer)
			g_ptr_array_remove_index(s->viewers, i);
}

static void lend_code(struct gateway_server *s, struct viewer *viewer)
{
	char code[CODE_LENGTH_MAX + 1] = "";

	if (!s->viewer)
		one_time_code_lend(s->door.code, code, g_get_monotonic_time());
	viewer_lend_code(viewer, code);
	explicit_bzero(code, sizeof code);
}

static void let_in(struct gateway_server *s, struct viewer *viewer)
{
	if (s->viewer)
		return;
	s->viewer = viewer;
	viewer_let_in(viewer);
	one_time_code_forget(s->door.code);
	drop_others(s);
	s->damage = (struct rectangle){0, 0, s->width, s->height};
}

static void key(struct gateway_server *s, uint32_t code, bool down)
{
	/* What types characters has to know of these. */
	if (code == KEY_LEFTSHIFT || code == KEY_RIGHTSHIFT)
		keysyms_key(
		    &s->keysyms, code == KEY_LEFTSHIFT ? KEYSYM_SHIFT_L : KEYSYM_SHIFT_R, down);
	else if (code < INPUT_MAX_CODE)
		input_key(s->door.input, (uint16_t)code, down);
}

static void on_said(struct viewer *viewer, const struct link_packet *packet, void *data)
{
	struct gateway_server *s = data;

	switch (packet->kind) {
	case LINK_ASK:
		lend_code(s, viewer);
		break;
	case LINK_LET_IN:
		let_in(s, viewer);
		break;
	case LINK_TERMINAL:
		s->door.terminal(packet->terminal.width, packet->terminal.height, s->door.data);
		break;
	case LINK_POINTER:
		input_pointer(s->door.input, packet->pointer.x, packet->pointer.y,
		    packet->pointer.buttons &
		        (MTP_BUTTON_LEFT | MTP_BUTTON_MIDDLE | MTP_BUTTON_RIGHT),
		    packet->pointer.wheel);
		break;
	case LINK_KEY:
		key(s, packet->key.code, packet->key.down);
		break;
	case LINK_CHARACTER:
		if (packet->key.code >= ' ' && packet->key.code <= '~')
			keysyms_key(&s->keysyms, packet->key.code, packet->key.down);
		break;
	default:
		break;
	}
}

/* --- what it is shown --- */

static void show(struct gateway_server *s)
{
	if (s->damage.width &&
	    viewer_show(s->viewer, s->width, s->height, &s->damage, shared_picture_fd(s->shared)))
		s->damage = (struct rectangle){0};
}

static void on_ready(struct viewer *viewer, void *data)
{
	(void)viewer;
	show(data);
}

static void add_damage(struct rectangle *sum, const struct rectangle *more)
{
	uint32_t right = MAX(sum->x + sum->width, more->x + more->width);
	uint32_t bottom = MAX(sum->y + sum->height, more->y + more->height);

	if (!sum->width) {
		*sum = *more;
		return;
	}
	sum->x = MIN(sum->x, more->x);
	sum->y = MIN(sum->y, more->y);
	sum->width = right - sum->x;
	sum->height = bottom - sum->y;
}

void rdp_server_show(struct gateway_server *s, const struct picture *picture)
{
	struct rectangle damage = picture->damage;

	if (picture->width != s->width || picture->height != s->height) {
		damage = (struct rectangle){0, 0, picture->width, picture->height};
		s->damage = (struct rectangle){0};
		s->width = picture->width;
		s->height = picture->height;
	}
	if (!damage.width)
		return;
	shared_picture_copy(s->shared, picture, &damage);
	add_damage(&s->damage, &damage);
	if (s->viewer)
		show(s);
}

/* --- coming and going --- */

static void on_gone(struct viewer *viewer, void *data)
{
	struct gateway_server *s = data;
	bool was_let_in = viewer == s->viewer;
	bool was_last_try = viewer_has_borrowed_code(viewer) && !s->door.code->tries;

	if (was_let_in) {
		s->viewer = NULL;
		input_release(s->door.input);
	}
	g_ptr_array_remove(s->viewers, viewer);
	if (was_let_in || (was_last_try && !s->viewer))
		s->door.ended(was_let_in, s->door.data);
}

static gboolean on_client(
    GSocketService *listener, GSocketConnection *connection, GObject *source, gpointer data)
{
	static const struct viewer_events events = {
	    .said = on_said, .ready = on_ready, .gone = on_gone};
	struct gateway_server *s = data;
	GSocket *socket = g_socket_connection_get_socket(connection);
	g_autoptr(GError) error = NULL;

	(void)listener;
	(void)source;
	if (s->viewer)
		return TRUE; /* and so it is closed */
	/* Whoever has not signed in for longest makes room. */
	if (s->viewers->len >= CONNECTIONS_MAX)
		g_ptr_array_remove_index(s->viewers, 0);
	g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
	g_socket_set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, SILENCE_MS, NULL);
	g_socket_set_keepalive(socket, TRUE);

	struct viewer *viewer =
	    viewer_new(g_socket_get_fd(socket), s->credentials, &events, s, &error);

	if (viewer)
		g_ptr_array_add(s->viewers, viewer);
	else
		g_warning("an RDP client is turned away: %s", error->message);
	return TRUE;
}

static bool listen_at(struct gateway_server *s, GError **error)
{
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(s->door.address);
	g_autoptr(GError) why = NULL;

	if (!address || g_inet_address_get_family(address) != G_SOCKET_FAMILY_IPV4) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "'%s' is not an IPv4 address to listen at", s->door.address);
		return false;
	}
	g_autoptr(GSocketAddress) place = g_inet_socket_address_new(address, s->door.port);

	s->listener = g_socket_service_new();
	g_signal_connect(s->listener, "incoming", G_CALLBACK(on_client), s);
	if (g_socket_listener_add_address(G_SOCKET_LISTENER(s->listener), place,
	        G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, NULL, &why))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "cannot listen at %s port %u: %s",
	    s->door.address, s->door.port, why->message);
	return false;
}

static void free_viewer(gpointer viewer)
{
	viewer_free(viewer);
}

struct gateway_server *rdp_server_new(
    const struct gateway_door *door, const struct picture *picture, GError **error)
{
	struct gateway_server *s = g_new0(struct gateway_server, 1);

	s->door = *door;
	s->keysyms.input = door->input;
	s->viewers = g_ptr_array_new_with_free_func(free_viewer);
	s->credentials = credentials_make(error);
	if (s->credentials >= 0)
		s->shared = shared_picture_new(error);
	if (!s->shared || !listen_at(s, error)) {
		rdp_server_free(s);
		return NULL;
	}
	rdp_server_show(s, picture);
	return s;
}

void rdp_server_free(struct gateway_server *s)
{
	if (!s)
		return;
	if (s->listener) {
		g_socket_service_stop(s->listener);
		g_socket_listener_close(G_SOCKET_LISTENER(s->listener));
		g_object_unref(s->listener);
	}
	g_ptr_array_unref(s->viewers);
	shared_picture_free(s->shared);
	if (s->credentials >= 0)
		close(s->credentials);
	g_free(s);
}

bool rdp_server_has_viewer(const struct gateway_server *s)
{
	return s->viewer;
}
