/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The peer that does nothing: each frame whole, as it is in memory, through TCP on loopback. A
 * thread sends; the caller receives.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

struct raw_sender;

/* Borrows the pixels, `size` bytes of them. */
struct raw_sender *raw_sender_new(const void *pixels, size_t size, GError **error);
void raw_sender_free(struct raw_sender *sender);

/* Sends the frame as it is now and receives it: the same size, until the next call. NULL: the
 * connection broke. */
const uint32_t *raw_sender_frame(struct raw_sender *sender);

DEFINE_CLEANUP(raw_sender);
