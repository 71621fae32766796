/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much QEMU has translated for a guest (TCG), from what it says to people: QMP's x-query-jit.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct translation {
	uint64_t code_bytes, room_bytes; /* of translated code, and how much there may be */
	uint64_t blocks;                 /* that are translated now */
	uint64_t flushes; /* times that all was thrown away, mostly for want of room */
};

/* False when the text is not what QEMU 7.2 to 10 say. */
bool translation_parse(const char *text, struct translation *out);
