/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * display.sock: connects a phone's display with mtpd. A client connects (SOCK_SEQPACKET, its uid by
 * SO_PEERCRED must be ours, root's or the allowed one), sends {"phone":"<uuid>"} with one
 * descriptor, an end of a socketpair(2) of its own making, and gets
 * {"width","height","touch_points","keyboard"} once QEMU waits on it as the server of a D-Bus
 * connection (QEMU docs/interop/dbus-display.rst); or {"error":{"type","detail"}}. QEMU keeps one
 * connection: the newest. Main thread.
 *
 * The client makes the pair because QEMU takes its maker for who is at the other end
 * (docs/decisions/151). QEMU in a jail takes none that was made outside: then the answer comes with
 * three sockets, one in place of the end that the client has kept, and the two ends of the pair for
 * its RegisterListener (docs/decisions/180).
 */
#pragma once

#include <sys/types.h>

#include "qvisor/host.h"

struct display;

/* `allowed`: a further uid that may ask; (uid_t)-1: none. */
struct display *display_listen(struct host *host, const char *path, uid_t allowed, GError **error);
void display_free(struct display *display); /* removes the socket file */
DEFINE_CLEANUP(display);
