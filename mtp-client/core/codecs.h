/* SPDX-License-Identifier: MIT */
/*
 * The decoders that the session needs, behind a table, so that a terminal may bring its own (a
 * handset's hardware JPEG). What they are given comes from the network: they must survive any
 * bytes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mtp/i420.h"

enum mtp_decode {
	MTP_DECODE_FAILED,
	MTP_DECODE_DONE,
	MTP_DECODE_LATER, /* the session waits for mtp_session_decoded() */
};

struct mtp_codecs {
	void *context; /* handed to each function */

	/* Decompresses zstd (RFC 8878) into `out`. True only if it gave exactly `size` bytes. */
	bool (*zstd_decompress)(
	    void *context, uint8_t *out, size_t size, const uint8_t *in, size_t n);

	/* Decodes baseline JFIF whose header says exactly `width` x `height` into RGBA rows that
	 * are `stride` bytes apart, alpha 255. On false the rows may have been written in part. */
	bool (*jpeg_decode)(void *context, uint8_t *out, size_t stride, unsigned width,
	    unsigned height, const uint8_t *in, size_t n);

	/* Decodes the next access unit of a stream, which mtp_h264_is_valid() has found to be
	 * `width` x `height` pixels; with `key` a stream begins, and what was before is forgotten.
	 * The planes are borrowed until the next call. NULL: this terminal takes no H264. */
	enum mtp_decode (*h264_decode)(void *context, bool key, unsigned width, unsigned height,
	    const uint8_t *in, size_t n, struct mtp_i420 *picture);
};

/* libzstd, libjpeg-turbo and, where it was built with it, OpenH264. The table's context owns one
 * decoder of each, made here: one session a table, one thread. False: no memory. */
bool mtp_codecs_init(struct mtp_codecs *codecs);
void mtp_codecs_finish(struct mtp_codecs *codecs);
