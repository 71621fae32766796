/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * display.sock: hands a phone's display to mtpd. A client connects (SOCK_SEQPACKET, its uid by
 * SO_PEERCRED must be ours, root's or the allowed one), sends {"phone":"<uuid>"} and gets
 * {"width","height","touch_points","keyboard"} with one descriptor: a socket on which QEMU waits as
 * the server of a D-Bus connection (QEMU docs/interop/dbus-display.rst). Or
 * {"error":{"type","detail"}} without one. QEMU keeps one connection: the newest. Main thread.
 */
#pragma once

#include <sys/types.h>

#include "qvisor/host.h"

struct display;

/* `allowed`: a further uid that may ask; (uid_t)-1: none. */
struct display *display_listen(struct host *host, const char *path, uid_t allowed, GError **error);
void display_free(struct display *display); /* removes the socket file */
DEFINE_CLEANUP(display);
