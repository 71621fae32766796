/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes both ways between a terminal's stream and its phone's worker, as they are. Each way holds a
 * bounded buffer, and a side that does not take bytes stops the other from being read. Main thread.
 */
#pragma once

#include <stdint.h>

#include "mtp-server/stream.h"

struct pump;

/* Told once, from the main loop or from inside pump_receive() and pump_writable(): the worker has
 * closed its end, and all that it said has been written to the stream. */
typedef void (*pump_ended)(void *data);

/* Takes the descriptor (a stream socket), not the stream, whose events its owner passes on. */
struct pump *pump_new(struct stream *stream, int fd, pump_ended ended, void *data);
void pump_free(struct pump *pump);
void pump_receive(struct pump *pump, const void *bytes, size_t n);
void pump_writable(struct pump *pump);
uint64_t pump_bytes_down(const struct pump *pump); /* to the terminal */
