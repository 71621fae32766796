/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The phone's picture for one standard RDP client (MS-RDPBCGR), let in by a one-time code. Accepts,
 * and leaves everything that a client says to a process of its own (viewer.h), which has neither
 * the account nor, before the client is let in, the picture. For the functions see struct
 * gateway_protocol.
 */
#pragma once

#include "mtp-client/gateway/gateway.h"

struct gateway_server *rdp_server_new(
    const struct gateway_door *door, const struct picture *picture, GError **error);
void rdp_server_free(struct gateway_server *server);
bool rdp_server_has_viewer(const struct gateway_server *server);
void rdp_server_show(struct gateway_server *server, const struct picture *picture);
