/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The phone's picture for one standard VNC viewer (RFC 6143, by libvncserver), let in by a one-time
 * code, which VNC authentication (7.2.2) proves by DES and cuts at eight characters. It borrows the
 * client core's picture and so copies nothing. Main thread; GLib's default context. For the
 * functions see struct gateway_protocol.
 */
#pragma once

#include "mtp-client/gateway/gateway.h"

struct gateway_server *vnc_server_new(
    const struct gateway_door *door, const struct picture *picture, GError **error);
void vnc_server_free(struct gateway_server *server);
bool vnc_server_has_viewer(const struct gateway_server *server);
/* Tells the viewer of the picture's damage, or of its new size. */
void vnc_server_show(struct gateway_server *server, const struct picture *picture);
