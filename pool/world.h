/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time and chance, as arguments: what decides takes a `struct world`, so that a test owns both.
 */
#pragma once

#include <stdint.h>

#define UUID_SIZE 37 /* with its NUL, lower case */

struct world {
	int64_t (*now)(void *data);                    /* microseconds since the epoch */
	int64_t (*monotonic)(void *data);              /* microseconds, never steps */
	void (*uuid)(void *data, char out[UUID_SIZE]); /* version 4, RFC 9562 */
	void *data;
};

/* The real one: clock_gettime(2) and getrandom(2). */
struct world world_real(void);

static inline int64_t world_now(const struct world *w)
{
	return w->now(w->data);
}

static inline int64_t world_monotonic(const struct world *w)
{
	return w->monotonic(w->data);
}

static inline void world_uuid(const struct world *w, char out[UUID_SIZE])
{
	w->uuid(w->data, out);
}
