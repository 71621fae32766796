/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One RDP client (MS-RDPBCGR, by FreeRDP's server side), from its first byte to its last, in a
 * process of its own: let in by Network Level Authentication (MS-CSSP, with NTLM) and the one-time
 * code, then shown the picture that mtp-rdp shares, and heard.
 */
#pragma once

#include <stdbool.h>

struct peer;

/* Takes over both descriptors (link.h): the client's connection, and the socket to mtp-rdp.
 * `credentials`: certificate and key as PEM. NULL: not enough memory, or not PEM. */
struct peer *peer_new(int client, int link, const char *credentials);
void peer_free(struct peer *peer);

/* Until either side goes. Blocks for as long as a client lets a handshake hang; whoever started
 * the process has a time limit. */
void peer_run(struct peer *peer);
