/* SPDX-License-Identifier: MIT */
/* What the files of a session share: session.c (its life), session_stream.c (what the host says),
 * session_output.c (what the terminal says). */
#pragma once

#include "mtp-client/core/session.h"

/* Bytes of output that input leaves free: acknowledgements and BYE never have to fail for it. */
#define OUTPUT_FOR_ACKS 4096

struct mtp_session {
	struct mtp_codecs codecs;
	uint64_t (*clock_us)(void *data);
	void *clock_data;

	enum mtp_session_state state;
	uint16_t code;
	char reason[MTP_MAX_REASON + 1];

	char id[MTP_MAX_SESSION + 1];
	uint8_t touch_points;
	uint8_t buttons;   /* of the pointer, as last sent */
	uint32_t sequence; /* of the last UPDATE */
	uint64_t token;    /* by which the host knows what we have; 0: it will not */
	uint64_t checksum; /* of the tiles so far */
	struct {
		uint64_t token, checksum;
		uint32_t sequence, width, height;
	} left; /* where the stream before this one stopped; token 0: nowhere */
	bool complete;
	bool repairing; /* REPAIR has been sent, and the host has not begun anew yet */
	struct picture picture;
	struct mtp_words words; /* as told last; the list is in word_bytes */
	uint8_t word_bytes[MTP_MAX_WORDS];
	struct mtp_session_counters counters;

	/* The update that is being drawn. A decoder that answers later (mtp_session_decoded())
	 * holds it up, and with it the rest of what was fed. */
	struct mtp_update update;
	struct mtp_tiles tiles;
	struct mtp_tile tile;
	uint64_t update_begin_us;
	unsigned resets; /* of the drawn state, by it */
	bool waiting;
	const uint8_t *rest;
	size_t rest_size;

	struct mtp_deframer deframer;
	size_t output_begin, output_end; /* in `output` */
	uint8_t output[MTP_SESSION_OUTPUT];
};

/* Queues it; `reserve` bytes of output stay free for what matters more. False when it does not fit:
 * nothing of it is queued then. */
bool session_send(struct mtp_session *session, const struct mtp_message *message, size_t reserve);
/* Ends the stream, once; `reason` has n bytes. */
void session_end(struct mtp_session *session, uint16_t code, const char *reason, size_t n);
