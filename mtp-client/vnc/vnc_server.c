/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/vnc/vnc_server.h"

#include <arpa/inet.h>
#include <rfb/rfb.h>
#include <string.h>

#include "common/error.h"
#include "mtp-client/gateway/keysym.h"

#define POLL_MS 10 /* libvncserver has sockets of its own to look at */
#define CONNECTIONS_MAX 4
#define WHEEL_UP 8 /* bits of VNC's buttons; the first three are MTP's */
#define WHEEL_DOWN 16

struct gateway_server {
	struct gateway_door door;
	rfbScreenInfoPtr screen;
	struct keysyms keysyms;
	rfbClientPtr viewer; /* who was let in */
	unsigned connections;
	int buttons; /* VNC's, as last heard */
	guint poll;
};

static struct gateway_server *server_of(rfbClientPtr client)
{
	return client->screen->screenData;
}

static void on_gone(rfbClientPtr client)
{
	struct gateway_server *s = server_of(client);

	s->connections--;
	if (client != s->viewer)
		return;
	s->viewer = NULL;
	input_release(s->door.input);
	s->door.ended(true, s->door.data);
}

static enum rfbNewClientAction on_client(rfbClientPtr client)
{
	struct gateway_server *s = server_of(client);

	if (s->viewer || s->connections >= CONNECTIONS_MAX)
		return RFB_CLIENT_REFUSE;
	s->connections++;
	client->clientGoneHook = on_gone;
	return RFB_CLIENT_ACCEPT;
}

static bool knows_code(rfbClientPtr client, const char *response)
{
	uint8_t expected[CHALLENGESIZE], difference = 0;

	memcpy(expected, client->authChallenge, sizeof expected);
	rfbEncryptBytes(expected, server_of(client)->door.code->text);
	for (unsigned i = 0; i < sizeof expected; i++)
		difference |= expected[i] ^ (uint8_t)response[i];
	explicit_bzero(expected, sizeof expected);
	return difference == 0;
}

static rfbBool on_password(rfbClientPtr client, const char *response, int size)
{
	struct gateway_server *s = server_of(client);
	struct one_time_code *code = s->door.code;

	if (s->viewer)
		return FALSE;
	if (one_time_code_is_good(code, g_get_monotonic_time()) && size == CHALLENGESIZE) {
		bool right = knows_code(client, response);

		one_time_code_tried(code, right);
		if (right)
			s->viewer = client;
	}
	if (!s->viewer && !one_time_code_is_good(code, g_get_monotonic_time()))
		s->door.ended(false, s->door.data);
	return s->viewer ? TRUE : FALSE;
}

static void on_key(rfbBool down, rfbKeySym keysym, rfbClientPtr client)
{
	struct gateway_server *s = server_of(client);

	if (client == s->viewer)
		keysyms_key(&s->keysyms, keysym, down);
}

static void on_pointer(int buttons, int x, int y, rfbClientPtr client)
{
	struct gateway_server *s = server_of(client);
	int pressed = buttons & ~s->buttons;

	if (client != s->viewer)
		return;
	s->buttons = buttons;
	input_pointer(s->door.input, (uint16_t)CLAMP(x, 0, UINT16_MAX),
	    (uint16_t)CLAMP(y, 0, UINT16_MAX), (uint8_t)(buttons & 7),
	    (int8_t)(pressed & WHEEL_UP     ? 1
	             : pressed & WHEEL_DOWN ? -1
	                                    : 0));
}

static gboolean on_poll(gpointer data)
{
	struct gateway_server *s = data;

	rfbProcessEvents(s->screen, 0);
	return G_SOURCE_CONTINUE;
}

G_GNUC_PRINTF(1, 2) static void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_logv(G_LOG_DOMAIN, G_LOG_LEVEL_DEBUG, format, arguments);
	va_end(arguments);
}

static bool listen_at(struct gateway_server *s, GError **error)
{
	struct in_addr address;

	if (inet_pton(AF_INET, s->door.address, &address) != 1) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "'%s' is not an IPv4 address to listen at", s->door.address);
		return false;
	}
	s->screen->listenInterface = address.s_addr;
	s->screen->port = s->door.port;
	s->screen->ipv6port = 0;
	s->screen->autoPort = FALSE;
	rfbInitServer(s->screen);
	if (s->screen->listenSock != RFB_INVALID_SOCKET)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "cannot listen at %s port %u",
	    s->door.address, s->door.port);
	return false;
}

struct gateway_server *vnc_server_new(
    const struct gateway_door *door, const struct picture *picture, GError **error)
{
	struct gateway_server *s = g_new0(struct gateway_server, 1);

	rfbLog = rfbErr = say;
	s->door = *door;
	s->keysyms.input = door->input;
	s->screen = rfbGetScreen(
	    NULL, NULL, (int)picture->width, (int)picture->height, 8, 3, PICTURE_BYTES);
	if (!s->screen) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "not enough memory");
		vnc_server_free(s);
		return NULL;
	}
	s->screen->screenData = s;
	s->screen->frameBuffer = (char *)picture->pixels;
	s->screen->desktopName = "QVMI phone";
	s->screen->cursor = NULL;
	s->screen->newClientHook = on_client;
	s->screen->authPasswdData = door->code; /* there is a password; see passwordCheck */
	s->screen->passwordCheck = on_password;
	s->screen->kbdAddEvent = on_key;
	s->screen->ptrAddEvent = on_pointer;
	if (!listen_at(s, error)) {
		vnc_server_free(s);
		return NULL;
	}
	s->poll = g_timeout_add(POLL_MS, on_poll, s);
	return s;
}

void vnc_server_free(struct gateway_server *s)
{
	if (!s)
		return;
	g_clear_handle_id(&s->poll, g_source_remove);
	if (s->screen) {
		s->viewer = NULL; /* whoever goes now has not left by himself */
		rfbShutdownServer(s->screen, TRUE);
		rfbScreenCleanup(s->screen);
	}
	g_free(s);
}

bool vnc_server_has_viewer(const struct gateway_server *s)
{
	return s->viewer;
}

void vnc_server_show(struct gateway_server *s, const struct picture *picture)
{
	const struct rectangle *damage = &picture->damage;

	if ((int)picture->width != s->screen->width || (int)picture->height != s->screen->height)
		rfbNewFramebuffer(s->screen, (char *)picture->pixels, (int)picture->width,
		    (int)picture->height, 8, 3, PICTURE_BYTES);
	else if (damage->width)
		rfbMarkRectAsModified(s->screen, (int)damage->x, (int)damage->y,
		    (int)(damage->x + damage->width), (int)(damage->y + damage->height));
}
