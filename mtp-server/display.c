/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/display.h"

#include <gio/gunixfdlist.h>
#include <sys/socket.h>

#include "common/descriptor.h"
#include "common/error.h"
#include "mtp-server/listener_xml.h"

#define LISTENER_PATH "/org/qemu/Display1/Listener"

struct display {
	const struct display_events *events;
	void *data;
	GThread *thread;
	GMainContext *context; /* the thread's */
	GMainLoop *loop;
	GSource *wake; /* in the main context: something below is new */

	/* Made by the thread before display_new() returns. */
	GDBusConnection *console, *listener;
	GError *error;
	struct display_sockets sockets;
	bool started;
	GCond start_cond;
	GCancellable *starting;

	GMutex lock; /* of what follows */
	struct surface *surface;
	struct rectangle region;
	bool changed, gone;
	bool complained; /* about a surface; once until there is a good one */

	/* Main thread. */
	struct console calls;
	bool told_gone;
};

/* --- the display's thread --- */

/* Takes the surface. */
static void show(struct display *d, struct surface *surface, struct rectangle region)
{
	g_mutex_lock(&d->lock);
	struct surface *old = d->surface;
	bool other =
	    !old || !surface || old->width != surface->width || old->height != surface->height;
	d->surface = surface;
	d->region = other ? region : rectangle_union(d->region, region);
	d->changed = true;
	if (surface)
		d->complained = false;
	g_mutex_unlock(&d->lock);
	if (old != surface)
		surface_free(old);
	g_source_set_ready_time(d->wake, 0);
}

static void on_scanout(struct display *d, struct surface *surface)
{
	struct rectangle whole = {0};
	if (surface)
		whole = (struct rectangle){0, 0, surface->width, surface->height};
	show(d, surface, whole);
}

static struct surface *scanout_map(
    GDBusMethodInvocation *invocation, GVariant *parameters, GError **error)
{
	gint32 handle;
	guint32 offset, width, height, stride, format;
	g_variant_get(parameters, "(huuuuu)", &handle, &offset, &width, &height, &stride, &format);
	GUnixFDList *fds =
	    g_dbus_message_get_unix_fd_list(g_dbus_method_invocation_get_message(invocation));
	if (!fds || handle < 0 || handle >= g_unix_fd_list_get_length(fds)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "QEMU handed over a screen without its memory");
		return NULL;
	}
	int fd = g_unix_fd_list_peek_fds(fds, NULL)[handle];
	return surface_new_mapped(fd, offset, width, height, stride, format, error);
}

static struct surface *scanout(GVariant *parameters, GError **error)
{
	guint32 width, height, stride, format;
	g_autoptr(GVariant) bytes = NULL;
	g_variant_get(parameters, "(uuuu@ay)", &width, &height, &stride, &format, &bytes);
	gsize n;
	const void *data = g_variant_get_fixed_array(bytes, &n, 1);
	return surface_new_copied(data, n, width, height, stride, format, error);
}

static bool update(struct display *d, GVariant *parameters, GError **error)
{
	gint32 x, y, width, height;
	guint32 stride, format;
	g_autoptr(GVariant) bytes = NULL;
	g_variant_get(parameters, "(iiiiuu@ay)", &x, &y, &width, &height, &stride, &format, &bytes);
	gsize n;
	const void *data = g_variant_get_fixed_array(bytes, &n, 1);
	/* Only this thread replaces the surface. */
	if (!d->surface ||
	    !surface_patch(d->surface, data, n, x, y, width, height, stride, format, error))
		return false;
	show(d, d->surface,
	    rectangle_clip(x, y, width, height, d->surface->width, d->surface->height));
	return true;
}

static void update_map(struct display *d, GVariant *parameters)
{
	gint32 x, y, width, height;
	g_variant_get(parameters, "(iiii)", &x, &y, &width, &height);
	if (d->surface)
		show(d, d->surface,
		    rectangle_clip(x, y, width, height, d->surface->width, d->surface->height));
}

static void complain(struct display *d, const GError *error)
{
	if (!d->complained)
		g_warning("%s; the phone's screen stays black", error->message);
	d->complained = true;
}

static void on_method(GDBusConnection *connection, const char *sender, const char *path,
    const char *interface, const char *method, GVariant *parameters,
    GDBusMethodInvocation *invocation, gpointer data)
{
	(void)connection, (void)sender, (void)path, (void)interface;
	struct display *d = data;
	g_autoptr(GError) error = NULL;
	if (g_str_equal(method, "ScanoutMap"))
		on_scanout(d, scanout_map(invocation, parameters, &error));
	else if (g_str_equal(method, "UpdateMap"))
		update_map(d, parameters);
	else if (g_str_equal(method, "Scanout"))
		on_scanout(d, scanout(parameters, &error));
	else if (g_str_equal(method, "Update"))
		update(d, parameters, &error);
	else if (g_str_equal(method, "Disable"))
		on_scanout(d, NULL);
	/* The pointer's place and shape are the terminal's own affair. */
	if (error)
		complain(d, error);
	/* An error as an answer would make QEMU fall back to sending whole frames. */
	g_dbus_method_invocation_return_value(invocation, NULL);
}

static GVariant *on_property(GDBusConnection *connection, const char *sender, const char *path,
    const char *interface, const char *property, GError **error, gpointer data)
{
	(void)connection, (void)sender, (void)path, (void)interface, (void)property, (void)error,
	    (void)data;
	static const char *const interfaces[] = {"org.qemu.Display1.Listener.Unix.Map", NULL};
	return g_variant_new_strv(interfaces, -1);
}

static void on_closed(GDBusConnection *connection, gboolean peer, GError *why, gpointer data)
{
	(void)connection, (void)peer, (void)why;
	struct display *d = data;
	g_mutex_lock(&d->lock);
	d->gone = true;
	g_mutex_unlock(&d->lock);
	g_source_set_ready_time(d->wake, 0);
}

static GDBusConnection *connect_fd(
    struct display *d, int fd, GDBusConnectionFlags flags, GError **error)
{
	g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, error);
	if (!socket) {
		close(fd);
		return NULL;
	}
	g_autoptr(GSocketConnection) stream = g_socket_connection_factory_create_connection(socket);
	GDBusConnection *connection = g_dbus_connection_new_sync(G_IO_STREAM(stream), NULL,
	    flags | G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, d->starting, error);
	if (connection)
		g_dbus_connection_set_exit_on_close(connection, FALSE);
	return connection;
}

static bool register_objects(struct display *d, GError **error)
{
	static const GDBusInterfaceVTable vtable = {
	    .method_call = on_method, .get_property = on_property};
	g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(listener_xml, error);
	for (unsigned i = 0; node && node->interfaces[i]; i++)
		if (!g_dbus_connection_register_object(
		        d->listener, LISTENER_PATH, node->interfaces[i], &vtable, d, NULL, error))
			return false;
	return node != NULL;
}

static bool start(struct display *d, GError **error)
{
	d->console =
	    connect_fd(d, fd_steal(&d->sockets.fds[0]), G_DBUS_CONNECTION_FLAGS_NONE, error);
	if (!d->console)
		return false;
	int *pair = d->sockets.fds + 1;
	if (pair[0] < 0 && !descriptor_pair(SOCK_STREAM, pair, error))
		return false;
	int qemus = fd_steal(&pair[1]);
	g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&qemus, 1);
	g_autoptr(GVariant) answer = g_dbus_connection_call_with_unix_fd_list_sync(d->console, NULL,
	    CONSOLE_PATH, "org.qemu.Display1.Console", "RegisterListener", g_variant_new("(h)", 0),
	    NULL, G_DBUS_CALL_FLAGS_NONE, CONSOLE_TIMEOUT_MS, fds, NULL, NULL, error);
	if (!answer)
		return false;
	/* QEMU asks for our interfaces as soon as we are connected: they have to be there. */
	d->listener = connect_fd(
	    d, fd_steal(&pair[0]), G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING, error);
	if (!d->listener || !register_objects(d, error))
		return false;
	g_signal_connect(d->listener, "closed", G_CALLBACK(on_closed), d);
	g_signal_connect(d->console, "closed", G_CALLBACK(on_closed), d);
	g_dbus_connection_start_message_processing(d->listener);
	return true;
}

static gpointer run(gpointer data)
{
	struct display *d = data;
	g_main_context_push_thread_default(d->context);
	g_autoptr(GError) error = NULL;
	bool good = start(d, &error);
	g_mutex_lock(&d->lock);
	d->error = g_steal_pointer(&error);
	d->started = true;
	g_cond_signal(&d->start_cond);
	g_mutex_unlock(&d->lock);
	if (good)
		g_main_loop_run(d->loop);
	g_main_context_pop_thread_default(d->context);
	return NULL;
}

/* --- the main thread --- */

static gboolean on_wake(gpointer data)
{
	struct display *d = data;
	g_source_set_ready_time(d->wake, -1);
	g_mutex_lock(&d->lock);
	bool changed = d->changed, gone = d->gone;
	g_mutex_unlock(&d->lock);
	if (gone && !d->told_gone) {
		d->told_gone = true;
		d->events->gone(d->data);
	} else if (changed && !gone) {
		d->events->changed(d->data);
	}
	return G_SOURCE_CONTINUE;
}

static gboolean wake_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	(void)source;
	return callback(data);
}

struct display *display_new(const struct display_sockets *sockets,
    const struct display_events *events, void *data, GError **error)
{
	static GSourceFuncs wake_functions = {.dispatch = wake_dispatch};
	struct display *d = g_new0(struct display, 1);
	d->events = events;
	d->data = data;
	d->sockets = *sockets;
	g_mutex_init(&d->lock);
	g_cond_init(&d->start_cond);
	d->context = g_main_context_new();
	d->loop = g_main_loop_new(d->context, FALSE);
	d->starting = g_cancellable_new();
	d->calls.settled = events->settled;
	d->calls.data = data;
	d->wake = g_source_new(&wake_functions, sizeof(GSource));
	g_source_set_callback(d->wake, on_wake, d, NULL);
	g_source_attach(d->wake, NULL);
	d->thread = g_thread_new("display", run, d);
	gint64 until = g_get_monotonic_time() + CONSOLE_TIMEOUT_MS * 1000;
	g_mutex_lock(&d->lock);
	while (!d->started)
		if (!g_cond_wait_until(&d->start_cond, &d->lock, until)) {
			g_cancellable_cancel(d->starting);
			until = G_MAXINT64;
		}
	g_mutex_unlock(&d->lock);
	if (d->error) {
		g_propagate_prefixed_error(error, g_steal_pointer(&d->error),
		    "QEMU does not let us see the phone's screen: ");
		display_free(d);
		return NULL;
	}
	d->calls.connection = d->console;
	return d;
}

static gboolean quit_loop(gpointer data)
{
	g_main_loop_quit(data);
	return G_SOURCE_REMOVE;
}

void display_free(struct display *d)
{
	if (!d)
		return;
	/* From its own context: the thread may not have come to its loop yet. */
	g_autoptr(GSource) quit = g_idle_source_new();
	g_source_set_callback(quit, quit_loop, d->loop, NULL);
	g_source_attach(quit, d->context);
	g_thread_join(d->thread);
	GDBusConnection *connections[] = {d->listener, d->console};
	for (unsigned i = 0; i < G_N_ELEMENTS(connections); i++)
		if (connections[i]) {
			g_signal_handlers_disconnect_by_data(connections[i], d);
			g_object_unref(connections[i]);
		}
	g_source_destroy(d->wake);
	g_source_unref(d->wake);
	g_main_loop_unref(d->loop);
	g_main_context_unref(d->context);
	surface_free(d->surface);
	g_clear_error(&d->error);
	g_mutex_clear(&d->lock);
	g_cond_clear(&d->start_cond);
	g_object_unref(d->starting);
	display_sockets_close(&d->sockets);
	g_free(d);
}

struct surface *display_take(struct display *d, struct rectangle *region)
{
	g_mutex_lock(&d->lock);
	struct surface *surface = d->surface ? surface_ref(d->surface) : NULL;
	*region = d->region;
	d->region = (struct rectangle){0};
	d->changed = false;
	g_mutex_unlock(&d->lock);
	return surface;
}

struct console *display_console(struct display *d)
{
	return &d->calls;
}
