/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/delay/fake_phone.h"

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/descriptor.h"
#include "common/error.h"
#include "mtp-server/console.h"
#include "mtp-server/surface.h"

#define LISTENER_PATH "/org/qemu/Display1/Listener"
#define LISTENER_MAP "org.qemu.Display1.Listener.Unix.Map"

struct fake_phone {
	struct fake_phones *phones;
	char *name;
	int memory;
	uint32_t *pixels;
	GDBusConnection *console, *listener; /* NULL: not there yet */
};

struct fake_phones {
	struct fake_phone *phones;
	unsigned n, width, height;
	int listen_fd;
	GMainContext *context;
	GMainLoop *loop;
	GThread *thread;
	GMutex lock; /* of the listeners */
};

static const char console_xml[] =
    "<node><interface name='org.qemu.Display1.Console'>"
    "<method name='RegisterListener'><arg type='h' direction='in'/></method>"
    "<method name='SetUIInfo'><arg type='q' direction='in'/><arg type='q' direction='in'/>"
    "<arg type='i' direction='in'/><arg type='i' direction='in'/><arg type='u' direction='in'/>"
    "<arg type='u' direction='in'/></method>"
    "</interface></node>";

static size_t size_of(const struct fake_phones *phones)
{
	return (size_t)phones->width * phones->height * sizeof(uint32_t);
}

/* Takes the descriptor. The other side authenticates as a client, as QEMU has it. */
static void connect_fd(int fd, GAsyncReadyCallback done, void *data)
{
	g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, NULL);
	g_autoptr(GSocketConnection) stream = g_socket_connection_factory_create_connection(socket);
	g_autofree char *guid = g_dbus_generate_guid();
	g_dbus_connection_new(G_IO_STREAM(stream), guid,
	    G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
	        G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
	    NULL, NULL, done, data);
}

static void on_listener(GObject *source, GAsyncResult *result, gpointer data)
{
	(void)source;
	struct fake_phone *phone = data;
	const struct fake_phones *phones = phone->phones;
	GDBusConnection *listener = g_dbus_connection_new_finish(result, NULL);
	if (!listener)
		return;
	g_dbus_connection_start_message_processing(listener);
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
	g_unix_fd_list_append(fds, phone->memory, NULL);
	g_dbus_connection_call_with_unix_fd_list(listener, NULL, LISTENER_PATH, LISTENER_MAP,
	    "ScanoutMap",
	    g_variant_new("(huuuuu)", 0, 0, phones->width, phones->height, phones->width * 4,
	        SURFACE_X8R8G8B8),
	    NULL, G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, NULL, NULL);
	g_mutex_lock(&phone->phones->lock);
	g_clear_object(&phone->listener);
	phone->listener = listener;
	g_mutex_unlock(&phone->phones->lock);
}

static void on_method(GDBusConnection *connection, const char *sender, const char *path,
    const char *interface, const char *method, GVariant *parameters,
    GDBusMethodInvocation *invocation, gpointer data)
{
	(void)connection, (void)sender, (void)path, (void)interface, (void)parameters;
	GUnixFDList *fds =
	    g_dbus_message_get_unix_fd_list(g_dbus_method_invocation_get_message(invocation));
	if (g_str_equal(method, "RegisterListener") && fds)
		connect_fd(g_unix_fd_list_get(fds, 0, NULL), on_listener, data);
	g_dbus_method_invocation_return_value(invocation, NULL);
}

static void on_console(GObject *source, GAsyncResult *result, gpointer data)
{
	(void)source;
	static const GDBusInterfaceVTable vtable = {.method_call = on_method};
	struct fake_phone *phone = data;
	GDBusConnection *console = g_dbus_connection_new_finish(result, NULL);
	if (!console)
		return;
	g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(console_xml, NULL);
	g_dbus_connection_register_object(
	    console, CONSOLE_PATH, node->interfaces[0], &vtable, phone, NULL, NULL);
	g_clear_object(&phone->console);
	phone->console = console;
	g_dbus_connection_start_message_processing(console);
}

static struct fake_phone *find(struct fake_phones *phones, const char *request)
{
	for (unsigned i = 0; i < phones->n; i++)
		if (strstr(request, phones->phones[i].name))
			return &phones->phones[i];
	return NULL;
}

/* mtpd wants a display: its socket becomes QEMU's. */
static gboolean on_request(gint listen_fd, GIOCondition condition, gpointer data)
{
	(void)condition;
	struct fake_phones *phones = data;
	AUTO_FD client = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
	char request[1024];
	int fd = -1;
	unsigned n_fds = 1;
	ssize_t n = descriptor_receive(client, request, sizeof request - 1, &fd, &n_fds, NULL);
	request[MAX(n, 0)] = 0;
	struct fake_phone *phone = n > 0 && n_fds ? find(phones, request) : NULL;
	if (!phone) {
		if (n_fds && fd >= 0)
			close(fd);
		return G_SOURCE_CONTINUE;
	}
	connect_fd(fd, on_console, phone);
	g_autofree char *answer =
	    g_strdup_printf("{\"width\":%u,\"height\":%u,\"touch_points\":10,\"keyboard\":true}",
	        phones->width, phones->height);
	descriptor_send(client, answer, strlen(answer), NULL, 0, NULL);
	return G_SOURCE_CONTINUE;
}

static gpointer run(gpointer data)
{
	struct fake_phones *phones = data;
	g_main_context_push_thread_default(phones->context);
	g_autoptr(GSource) source = g_unix_fd_source_new(phones->listen_fd, G_IO_IN);
	g_source_set_callback(source, G_SOURCE_FUNC(on_request), phones, NULL);
	g_source_attach(source, phones->context);
	g_main_loop_run(phones->loop);
	g_source_destroy(source);
	g_main_context_pop_thread_default(phones->context);
	return NULL;
}

static bool make_memory(struct fake_phone *phone, GError **error)
{
	size_t size = size_of(phone->phones);
	phone->memory = memfd_create("screen", MFD_CLOEXEC);
	if (phone->memory >= 0 && ftruncate(phone->memory, (off_t)size) == 0)
		phone->pixels =
		    mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, phone->memory, 0);
	if (phone->pixels && phone->pixels != MAP_FAILED)
		return true;
	phone->pixels = NULL;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "no memory for a screen");
	return false;
}

struct fake_phones *fake_phones_new(const char *socket, char *const *names, unsigned n,
    unsigned width, unsigned height, GError **error)
{
	AUTO(fake_phones) phones = g_new0(struct fake_phones, 1);
	phones->phones = g_new0(struct fake_phone, n);
	phones->n = n;
	phones->width = width;
	phones->height = height;
	g_mutex_init(&phones->lock);
	for (unsigned i = 0; i < n; i++)
		phones->phones[i] =
		    (struct fake_phone){.phones = phones, .name = g_strdup(names[i]), .memory = -1};
	for (unsigned i = 0; i < n; i++)
		if (!make_memory(&phones->phones[i], error))
			return NULL;
	phones->listen_fd = descriptor_listen(socket, error);
	if (phones->listen_fd < 0)
		return NULL;
	phones->context = g_main_context_new();
	phones->loop = g_main_loop_new(phones->context, FALSE);
	phones->thread = g_thread_new("phones", run, phones);
	return g_steal_pointer(&phones);
}

static gboolean quit(gpointer loop)
{
	g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

void fake_phones_free(struct fake_phones *phones)
{
	if (!phones)
		return;
	if (phones->thread) {
		/* From its own context: it may not have come to its loop yet. */
		g_autoptr(GSource) source = g_idle_source_new();
		g_source_set_callback(source, quit, phones->loop, NULL);
		g_source_attach(source, phones->context);
		g_thread_join(phones->thread);
		g_main_loop_unref(phones->loop);
		g_main_context_unref(phones->context);
		close(phones->listen_fd);
	}
	for (unsigned i = 0; i < phones->n; i++) {
		struct fake_phone *phone = &phones->phones[i];
		g_clear_object(&phone->console);
		g_clear_object(&phone->listener);
		if (phone->pixels)
			munmap(phone->pixels, size_of(phones));
		if (phone->memory >= 0)
			close(phone->memory);
		g_free(phone->name);
	}
	g_mutex_clear(&phones->lock);
	g_free(phones->phones);
	g_free(phones);
}

uint32_t *fake_phone_pixels(struct fake_phones *phones, unsigned which)
{
	return phones->phones[which].pixels;
}

bool fake_phone_flush(struct fake_phones *phones, unsigned which, unsigned y, unsigned height)
{
	g_mutex_lock(&phones->lock);
	GDBusConnection *listener = phones->phones[which].listener;
	if (listener)
		g_dbus_connection_call(listener, NULL, LISTENER_PATH, LISTENER_MAP, "UpdateMap",
		    g_variant_new("(iiii)", 0, (gint32)y, (gint32)phones->width, (gint32)height),
		    NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
	g_mutex_unlock(&phones->lock);
	return listener != NULL;
}
