/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The phone's display in QEMU (D-Bus, org.qemu.Display1: "D-Bus display" in QEMU's manual,
 * ui/dbus-display1.xml): what it shows; what it is told is the console's (console.h).
 *
 * QEMU waits for the answer to some calls while its whole machine stands still, so they are
 * answered in a thread of the display's own, which does nothing else. Everything in this header is
 * for the main thread; events come in the main context.
 */
#pragma once

#include <gio/gio.h>

#include "mtp-server/console.h"
#include "mtp-server/display_sockets.h"
#include "mtp-server/surface.h"

struct display;

struct display_events {
	void (*changed)(void *data); /* display_take() has something; once until it is called */
	void (*settled)(void *data); /* a call of the console has been answered */
	void (*gone)(void *data);    /* QEMU ended or gave the display to somebody else; once */
};

/* Takes the sockets, and blocks until QEMU has accepted us as a listener. `events` and `data`
 * outlive the display. */
struct display *display_new(const struct display_sockets *sockets,
    const struct display_events *events, void *data, GError **error);
void display_free(struct display *display);

/* What is shown now, a reference for the caller (NULL: nothing), and where it has changed since the
 * last call. Black out when it is NULL. */
struct surface *display_take(struct display *display, struct rectangle *region);

/* The way to QEMU; the display's. */
struct console *display_console(struct display *display);

DEFINE_CLEANUP(display);
