/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a phone's console in QEMU is told (D-Bus, org.qemu.Display1.Console, Mouse, MultiTouch and
 * Keyboard: ui/dbus-display1.xml in QEMU): input, and the size of the screen that the guest should
 * have. Main thread. Calls never block: while QEMU is slow they count as in flight, and callers
 * stop reading their input when the console is busy.
 */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

#include "mtp-server/input.h"

#define CONSOLE_PATH "/org/qemu/Display1/Console_0"
#define CONSOLE_TIMEOUT_MS 10000

struct console {
	GDBusConnection *connection; /* borrowed */
	unsigned in_flight;
	bool busy;
	void (*settled)(void *data); /* a call has been answered */
	void *data;
};

/* For input_init(); its data is the console. */
extern const struct input_sink console_sink;
/* The same as its touch(), between pixels. */
void console_touch(struct console *console, unsigned phase, unsigned slot, double x, double y);

/* The guest is told by its card as by a monitor that was plugged in; what it makes of that is its
 * own affair. Millimetres of the screen: 0, not known. */
void console_screen(struct console *console, unsigned width, unsigned height, unsigned width_mm,
    unsigned height_mm);

bool console_is_busy(const struct console *console);
