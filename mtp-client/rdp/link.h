/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mtp-rdp and the process of one RDP client say to each other: packets of one size over a
 * SOCK_SEQPACKET pair, both ends of one build. mtp-rdp does not believe what comes.
 *
 *   viewer                      mtp-rdp
 *   ASK           ------------>           the client begins to prove that it knows the code
 *                 <------------ CODE      "": none is good any more
 *   LET_IN        ------------>           it has
 *   TERMINAL      ------------>           its screen; again when that changes
 *   READY         ------------>           one picture may come
 *                 <------------ PICTURE   what is damaged since the last; the first brings the
 *                                         descriptor of the memory where it is
 *   POINTER, KEY, CHARACTER --->          any time after LET_IN
 */
#pragma once

#include <stdint.h>

#include "mtp-client/core/picture.h"
#include "mtp-client/gateway/one_time_code.h"

/* Descriptors of the viewer's process. */
#define LINK_FD 3
#define LINK_CLIENT_FD 4      /* the client's TCP connection */
#define LINK_CREDENTIALS_FD 5 /* credentials.h */

enum link_kind {
	LINK_ASK = 1,
	LINK_CODE,
	LINK_LET_IN,
	LINK_TERMINAL,
	LINK_READY,
	LINK_PICTURE,
	LINK_POINTER,
	LINK_KEY,
	LINK_CHARACTER,
};

struct link_packet {
	enum link_kind kind;
	union {
		char code[CODE_LENGTH_MAX + 1];
		struct {
			uint16_t width, height;
		} terminal;
		struct {
			uint32_t width, height;
			struct rectangle damage;
		} picture;
		struct {
			uint16_t x, y;
			uint8_t buttons; /* enum mtp_button */
			int8_t wheel;
		} pointer;
		struct {
			uint32_t code; /* evdev, or of a CHARACTER Unicode */
			uint8_t down;
		} key;
	};
};
