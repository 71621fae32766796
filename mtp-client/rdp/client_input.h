/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an RDP client's user does (MS-RDPBCGR 2.2.8.1), as packets for mtp-rdp. Events that the
 * socket does not take at once wait there: mtp-rdp reads them all.
 */
#pragma once

#include <freerdp/freerdp.h>
#include <freerdp/input.h>

#include "mtp-client/rdp/link.h"

struct peer;

/* FreeRDP's own, and after it ours: every callback gets it. */
struct client_context {
	rdpContext freerdp;
	struct peer *peer;
	int link;
	uint8_t buttons; /* enum mtp_button, as last heard */
};

void client_input_attach(struct client_context *client);
/* Nobody hears: the client is to be ended. */
bool client_say(const struct client_context *client, const struct link_packet *packet);
