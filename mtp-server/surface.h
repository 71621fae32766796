/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What QEMU shows: its own memory, mapped read-only, or a copy of what it sent through the socket
 * (QEMU before 10, and screens that it does not keep in shared memory, as a text console).
 *
 * QEMU is not trusted: every number it gives is checked against the memory that it really handed
 * over. It may write at any time, so the pixels are only ever copied or compared, never decided on
 * twice. (It could also cut the memory off under us: then this process, which serves this phone
 * alone, dies of SIGBUS.)
 */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "mtp-server/blocks.h"

struct surface {
	unsigned width, height;
	size_t stride;         /* bytes */
	const uint8_t *pixels; /* 32 bits each, 0xXXRRGGBB in the host's byte order */
	/* private */
	gatomicrefcount references;
	GMutex lock; /* of the copy's pixels */
	void *mapping;
	size_t mapping_size;
	uint8_t *copy;
};

/* pixman's names for the formats that are understood (pixman.h, PIXMAN_FORMAT). */
#define SURFACE_X8R8G8B8 0x20020888u
#define SURFACE_A8R8G8B8 0x20028888u

/* Maps the descriptor, which stays the caller's. QVMI_ERROR_INVALID when the numbers do not fit. */
struct surface *surface_new_mapped(int fd, uint32_t offset, uint32_t width, uint32_t height,
    uint32_t stride, uint32_t format, GError **error);
/* Copies `n` bytes. */
struct surface *surface_new_copied(const void *bytes, size_t n, uint32_t width, uint32_t height,
    uint32_t stride, uint32_t format, GError **error);
/* Writes a rectangle into a copied surface. */
bool surface_patch(struct surface *surface, const void *bytes, size_t n, int32_t x, int32_t y,
    int32_t width, int32_t height, uint32_t stride, uint32_t format, GError **error);

/* References may be dropped in any thread. */
struct surface *surface_ref(struct surface *surface);
void surface_free(struct surface *surface); /* drops one reference; takes NULL */

/* Around reading: keeps surface_patch() of another thread out. Free for a mapped one. */
void surface_lock(struct surface *surface);
void surface_unlock(struct surface *surface);

DEFINE_CLEANUP(surface);
