/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal for measuring: the client core (mtp-client/core), as the desktop client and the page
 * use it, without a window. It stands alone in terminal.c, because core and server both have a
 * `struct picture`. One thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "mtp/messages.h"

struct terminal;

/* HELLO, which says this about it, is in the output. */
struct terminal *terminal_new(const struct mtp_terminal *about);
void terminal_free(struct terminal *terminal);

/* Bytes from the server. QVMI_ERROR_CORRUPT: the core refused them, for this reason. */
bool terminal_feed(struct terminal *terminal, const void *bytes, size_t n, GError **error);
/* What it says to the server; taken by the call, owned by the caller. */
GByteArray *terminal_take_output(struct terminal *terminal);

/* What is on its screen: R, G, B, A. NULL before WELCOME. */
const uint8_t *terminal_pixels(const struct terminal *terminal, unsigned *width, unsigned *height);

struct terminal_counters {
	uint64_t updates, glyphs, copies, videos;
	uint32_t as_of_ms; /* the phone's picture that is shown whole, by the server's clock */
	int64_t decode_ns; /* processor time */
};
struct terminal_counters terminal_counters(const struct terminal *terminal);

DEFINE_CLEANUP(terminal);
