/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/console.h"

/* Calls in flight: when to stop reading input, and when to go on. */
#define BUSY_HIGH 64
#define BUSY_LOW 16
/* Calls that QEMU has not answered before movements are merged. A phone that has just been cloned
 * takes 200 ms for its first touch, and what a shell makes of a swipe depends on its path: half a
 * second of it is kept. */
#define MERGE_IN_FLIGHT 48

static void on_called(GObject *connection, GAsyncResult *result, gpointer data)
{
	struct console *c = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) answer =
	    g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, &error);
	if (!answer)
		g_debug("QEMU refused a call: %s", error->message);
	c->in_flight--;
	if (c->in_flight <= BUSY_LOW)
		c->busy = false;
	c->settled(c->data);
}

static void call(struct console *c, const char *interface, const char *method, GVariant *arguments)
{
	c->in_flight++;
	c->busy |= c->in_flight >= BUSY_HIGH;
	g_dbus_connection_call(c->connection, NULL, CONSOLE_PATH, interface, method, arguments,
	    NULL, G_DBUS_CALL_FLAGS_NONE, CONSOLE_TIMEOUT_MS, NULL, on_called, c);
}

static void on_move(void *c, unsigned x, unsigned y)
{
	call(c, "org.qemu.Display1.Mouse", "SetAbsPosition", g_variant_new("(uu)", x, y));
}

static void on_button(void *c, unsigned button, bool down)
{
	call(
	    c, "org.qemu.Display1.Mouse", down ? "Press" : "Release", g_variant_new("(u)", button));
}

void console_touch(struct console *c, unsigned phase, unsigned slot, double x, double y)
{
	call(c, "org.qemu.Display1.MultiTouch", "SendEvent",
	    g_variant_new("(utdd)", phase, (guint64)slot, x, y));
}

static void on_touch(void *c, unsigned phase, unsigned slot, unsigned x, unsigned y)
{
	console_touch(c, phase, slot, x, y);
}

static void on_key(void *c, unsigned qnum, bool down)
{
	call(c, "org.qemu.Display1.Keyboard", down ? "Press" : "Release",
	    g_variant_new("(u)", qnum));
}

static bool is_slow(void *c)
{
	return ((const struct console *)c)->in_flight >= MERGE_IN_FLIGHT;
}

const struct input_sink console_sink = {
    .move = on_move, .button = on_button, .touch = on_touch, .key = on_key, .is_slow = is_slow};

void console_screen(
    struct console *c, unsigned width, unsigned height, unsigned width_mm, unsigned height_mm)
{
	call(c, "org.qemu.Display1.Console", "SetUIInfo",
	    g_variant_new("(qqiiuu)", (guint16)width_mm, (guint16)height_mm, 0, 0, width, height));
}

bool console_is_busy(const struct console *c)
{
	return c->busy;
}
