/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU migration stream without the pages that a phone shares with its template. What is left is
 * a migration stream still: a new clone of the template that loads it is the phone as it was, and
 * goes on sharing what was left out.
 *
 * The format: QEMU docs/devel/migration/main.rst and migration/{savevm,ram}.c. Guest memory comes
 * first, as records of one page each; everything after it (devices) is passed on unread. QEMU is
 * not trusted: every length is bounded, and a stream of a kind that is not known is
 * QVMI_ERROR_CORRUPT rather than passed on half understood.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEMORY_DELTA_PAGE 4096

struct memory_delta {
	/* In: */
	int fd;              /* a blocking descriptor, read to its end */
	const uint8_t *base; /* the template's memory; NULL: all zeroes */
	uint64_t size;       /* of the guest's memory, and of `base`; whole pages */
	bool (*write)(void *data, const void *bytes, size_t n, GError **error);
	void *data;
	/* Of a guest that runs meanwhile, a bit a page, all 0: pages come again, and one that was
	 * written has to be written again even if it is the template's by now. NULL: each page
	 * comes once. */
	uint8_t *written;
	/* Out: */
	uint64_t pages, kept; /* of guest memory: that came, that were written */
};

/* Blocks: for a thread of its own. The stream must have been made with x-ignore-shared. */
bool memory_delta_filter(struct memory_delta *delta, GError **error);
/* Bytes of `written`. */
size_t memory_delta_written_size(uint64_t memory_size);
