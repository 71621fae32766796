/* SPDX-License-Identifier: MIT */
/*
 * Frames on a byte stream: u32 length of the payload, u16 type, payload (PROTOCOL.md, "Frames").
 * No memory is allocated; one deframer, one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mtp/wire.h"

#define MTP_FRAME_HEADER 6
/* Longest payloads, by the direction they travel in. */
#define MTP_MAX_TO_SERVER (8u << 10)
#define MTP_MAX_TO_CLIENT (4u << 20)

enum mtp_result {
	MTP_OK,
	MTP_AGAIN,     /* not all there yet, or at the end: give more */
	MTP_UNKNOWN,   /* a type this version does not know: skip it */
	MTP_MALFORMED, /* the peer broke the protocol: BYE 3 and close */
};

struct mtp_frame {
	uint16_t type;
	const uint8_t *payload; /* borrowed */
	size_t size;
};

struct mtp_deframer {
	uint8_t *buffer;      /* the caller's, MTP_FRAME_HEADER + max_payload bytes */
	uint32_t max_payload; /* a longer frame is malformed, told from its header alone */
	size_t size;          /* of the frame that has come in part */
	bool failed;
};

void mtp_deframer_init(struct mtp_deframer *deframer, uint8_t *buffer, uint32_t max_payload);
/* Takes from the *n bytes at *bytes, and moves both on, until one frame is whole. MTP_OK: *frame
 * lies in the input or in the buffer and is valid until the next call or until the input goes;
 * call again for the next. MTP_AGAIN: the input is used up. MTP_MALFORMED: from now on, always. */
enum mtp_result mtp_deframer_next(
    struct mtp_deframer *deframer, const uint8_t **bytes, size_t *n, struct mtp_frame *frame);

/* Writes a frame's header; the length is filled in by mtp_frame_end(), which is given what begin
 * returned. An unfinished or failed frame leaves the writer failed. */
size_t mtp_frame_begin(struct mtp_writer *w, uint16_t type);
void mtp_frame_end(struct mtp_writer *w, size_t begin);
