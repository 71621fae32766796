/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mtpd and a phone's worker say to each other: packets of JSON on a SOCK_SEQPACKET pair, some
 * with a descriptor. The worker finds its end as descriptor LINK_FD.
 *
 *   to the worker    {"type":"start","phone","width","height","touch_points",
 *                     "mode_pixels","uid"} + display (struct display_sockets)
 *                    {"type":"viewer","session","version","codecs","input",
 *                     "width","height","dpi","rotation","scaling","mode",
 *                     "token","checksum","sequence"} + the viewer's stream
 *                    {"type":"thumbnail","id","width"} + a file to write the JPEG into
 *                    {"type":"reader"} + the stream to an mtp-reader, or without: there is none
 *                    {"type":"end","session","code","reason"}
 *   from the worker  {"type":"ready"}, once, or {"type":"failed","error","detail"}
 *                    {"type":"thumbnail","id","size"} or {..., "error","detail"}
 *                    {"type":"counters","viewers":[{"session","frames","bytes"}]}
 *                    {"type":"reader"}: somebody wants to know what is written
 *                    {"type":"gone"}: QEMU has ended
 *
 * The worker ends when its end of the pair is closed.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#define LINK_FD 3
#define LINK_TEXT_MAX 512 /* of any string in a packet */

/* An object with "type". */
JsonObject *link_message(const char *type);
/* Takes the message; `fd` (-1: none) stays the caller's. */
bool link_send(int socket, JsonObject *message, int fd, GError **error);
bool link_send_all(int socket, JsonObject *message, const int *fds, unsigned n_fds, GError **error);
/* The next packet, which the caller unrefs, and its descriptor (*fd, -1: none), which the caller
 * owns. NULL without error at the end. G_IO_ERROR_WOULD_BLOCK as of descriptor_receive(). */
JsonObject *link_receive(int socket, int *fd, GError **error);
/* Likewise with up to `n_fds` of them, those that did not come are -1. */
JsonObject *link_receive_all(int socket, int *fds, unsigned n_fds, GError **error);
