/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvmi-display-probe DISPLAY-SOCKET UUID: asks qvisord for a phone's display as mtpd does, waits
 * for its picture, and prints width, height and the picture's SHA-256. For tests: two phones that
 * show the same print the same.
 *
 * With "swipe" it then swipes up from the lower edge, as a person does who takes a phone in the
 * hand, and prints the milliseconds until the guest has drawn something else.
 */
#include <errno.h>
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/descriptor.h"
#include "common/json.h"

#define LIMIT_S 15
#define SWIPE_STEPS 20 /* of a fortieth of the screen and SWIPE_STEP_MS each */
#define SWIPE_STEP_MS 20

enum { TOUCH_BEGIN, TOUCH_UPDATE, TOUCH_END }; /* QEMU ui.json, InputMultiTouchType */

struct probe {
	GMainLoop *loop;
	GDBusConnection *qemu;
	bool swipe;
	unsigned width, height, stride;
	uint8_t *picture; /* as it was before the swipe; NULL: none came yet */
	gsize size;
	unsigned step;
	int64_t begin; /* of the swipe, monotonic; 0: not yet */
};

static const char listener_xml[] = "<node><interface name='org.qemu.Display1.Listener'>"
                                   "<method name='Scanout'><arg type='u'/><arg type='u'/><arg "
                                   "type='u'/><arg type='u'/><arg type='ay'/></method>"
                                   "<method name='Update'><arg type='i'/><arg type='i'/><arg "
                                   "type='i'/><arg type='i'/><arg type='u'/>"
                                   "<arg type='u'/><arg type='ay'/></method>"
                                   "<method name='Disable'/><method name='MouseSet'><arg "
                                   "type='i'/><arg type='i'/><arg type='i'/></method>"
                                   "<method name='CursorDefine'><arg type='i'/><arg type='i'/><arg "
                                   "type='i'/><arg type='i'/><arg type='ay'/>"
                                   "</method></interface></node>";

static void fail(const char *what, const GError *error) G_GNUC_NORETURN;
static void fail(const char *what, const GError *error)
{
	fprintf(stderr, "%s: %s\n", what, error ? error->message : "");
	exit(1);
}

static void touch(struct probe *probe, unsigned kind)
{
	double y = probe->height * (0.95 - probe->step / 40.0);
	g_dbus_connection_call(probe->qemu, NULL, "/org/qemu/Display1/Console_0",
	    "org.qemu.Display1.MultiTouch", "SendEvent",
	    g_variant_new("(utdd)", kind, (guint64)0, probe->width * 0.4, y), NULL,
	    G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

static gboolean on_swipe(void *data)
{
	struct probe *probe = data;
	if (!probe->begin)
		probe->begin = g_get_monotonic_time();
	touch(probe, probe->step ? TOUCH_UPDATE : TOUCH_BEGIN);
	return ++probe->step <= SWIPE_STEPS;
}

/* Something else than there was: the guest also redraws what is the same. */
static void on_drawn(struct probe *probe, const uint8_t *before, const uint8_t *now, gsize n)
{
	if (!probe->begin || !memcmp(before, now, n))
		return;
	printf("%.1f\n", (g_get_monotonic_time() - probe->begin) / 1e3);
	touch(probe, TOUCH_END);
	g_dbus_connection_flush_sync(probe->qemu, NULL, NULL);
	g_main_loop_quit(probe->loop);
}

static void on_scanout(struct probe *probe, GVariant *parameters)
{
	unsigned format;
	gsize n;
	g_autoptr(GVariant) pixels = NULL;
	bool first = !probe->picture;
	gsize before = probe->size;
	g_variant_get(parameters, "(uuuu@ay)", &probe->width, &probe->height, &probe->stride,
	    &format, &pixels);
	const uint8_t *bytes = g_variant_get_fixed_array(pixels, &n, 1);
	if (!probe->swipe) {
		g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes, n);
		printf("%u %u %s\n", probe->width, probe->height, sum);
		g_main_loop_quit(probe->loop);
		return;
	}
	if (!first && n == before)
		on_drawn(probe, probe->picture, bytes, n);
	g_free(probe->picture);
	probe->picture = g_memdup2(bytes, n);
	probe->size = n;
	if (first)
		g_timeout_add(SWIPE_STEP_MS, on_swipe, probe);
}

static void on_update(struct probe *probe, GVariant *parameters)
{
	int x, y, width, height;
	unsigned stride, format;
	gsize n;
	g_autoptr(GVariant) pixels = NULL;
	g_variant_get(
	    parameters, "(iiiiuu@ay)", &x, &y, &width, &height, &stride, &format, &pixels);
	const uint8_t *bytes = g_variant_get_fixed_array(pixels, &n, 1);
	if (!probe->picture || x < 0 || y < 0 || width <= 0 || height <= 0 ||
	    (gsize)(y + height - 1) * probe->stride + 4 * (gsize)(x + width) > probe->size ||
	    (gsize)(height - 1) * stride + 4 * (gsize)width > n)
		return;
	for (int line = 0; line < height && g_main_loop_is_running(probe->loop); line++) {
		uint8_t *to = probe->picture + (gsize)(y + line) * probe->stride + 4 * (gsize)x;
		on_drawn(probe, to, bytes + (gsize)line * stride, 4 * (gsize)width);
		memcpy(to, bytes + (gsize)line * stride, 4 * (gsize)width);
	}
}

static void on_call(GDBusConnection *connection, const char *sender, const char *path,
    const char *interface, const char *method, GVariant *parameters,
    GDBusMethodInvocation *invocation, void *data)
{
	(void)connection, (void)sender, (void)path, (void)interface;
	struct probe *probe = data;
	g_dbus_method_invocation_return_value(invocation, NULL);
	if (!g_main_loop_is_running(probe->loop))
		return;
	if (!strcmp(method, "Scanout"))
		on_scanout(probe, parameters);
	else if (!strcmp(method, "Update") && probe->swipe)
		on_update(probe, parameters);
}

static GDBusConnection *authenticate(int fd)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, &error);
	if (!socket)
		fail("socket", error);
	g_autoptr(GSocketConnection) stream = g_socket_connection_factory_create_connection(socket);
	GDBusConnection *connection = g_dbus_connection_new_sync(G_IO_STREAM(stream), NULL,
	    G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
	        G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
	    NULL, NULL, &error);
	if (!connection)
		fail("D-Bus", error);
	return connection;
}

/* Our end of the connection to QEMU, and both of that by which it is to talk to us. */
static int ask(const char *path, const char *uuid, int listener[2])
{
	g_autoptr(GError) error = NULL;
	AUTO_FD socket = descriptor_connect(path, &error);
	if (socket < 0)
		fail("display socket", error);
	g_autofree char *request = g_strdup_printf("{\"phone\":\"%s\"}", uuid);
	char answer[1024] = "";
	int pair[2], inside[3];
	unsigned n_fds = G_N_ELEMENTS(inside);
	if (!descriptor_pair(SOCK_STREAM, pair, &error) ||
	    !descriptor_send(socket, request, strlen(request), &pair[1], 1, &error))
		fail("display socket", error);
	close(pair[1]);
	ssize_t n = descriptor_receive(socket, answer, sizeof(answer) - 1, inside, &n_fds, &error);
	if (n < 0)
		fail("display socket", error);
	if (strstr(answer, "\"width\"")) {
		if (n_fds < 3 && !descriptor_pair(SOCK_STREAM, listener, &error))
			fail("a socket", error);
		if (n_fds == 3)
			memcpy(listener, inside + 1, 2 * sizeof(int));
		return n_fds == 3 ? inside[0] : pair[0];
	}
	fprintf(stderr, "%.*s\n", (int)n, answer);
	exit(1);
}

static gboolean on_limit(void *data)
{
	(void)data;
	fprintf(stderr, "no picture within %d s\n", LIMIT_S);
	exit(1);
}

int main(int argc, char **argv)
{
	static const GDBusInterfaceVTable calls = {.method_call = on_call};
	g_autoptr(GError) error = NULL;
	int pair[2];
	if (argc < 3 || argc > 4 || (argc == 4 && strcmp(argv[3], "swipe"))) {
		fprintf(stderr, "usage: qvmi-display-probe DISPLAY-SOCKET UUID [swipe]\n");
		return 2;
	}
	g_timeout_add_seconds(LIMIT_S, on_limit, NULL);
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	g_autoptr(GDBusConnection) qemu = authenticate(ask(argv[1], argv[2], pair));
	struct probe probe = {.loop = loop, .qemu = qemu, .swipe = argc == 4};
	g_dbus_connection_start_message_processing(qemu);
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&pair[1], 1);
	g_autoptr(GVariant) answer = g_dbus_connection_call_with_unix_fd_list_sync(qemu, NULL,
	    "/org/qemu/Display1/Console_0", "org.qemu.Display1.Console", "RegisterListener",
	    g_variant_new("(h)", 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, NULL, &error);
	if (!answer)
		fail("RegisterListener", error);
	g_autoptr(GDBusConnection) listener = authenticate(pair[0]);
	g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(listener_xml, &error);
	if (!node || !g_dbus_connection_register_object(listener, "/org/qemu/Display1/Listener",
	                 node->interfaces[0], &calls, &probe, NULL, &error))
		fail("listener", error);
	g_dbus_connection_start_message_processing(listener);
	g_main_loop_run(loop);
	g_free(probe.picture);
	return 0;
}
