/* SPDX-License-Identifier: MIT */
/*
 * The terminal's side of one MTP connection, without any I/O: bytes from the host go in, in any
 * split; the phone's picture, and bytes for the host, come out.
 *
 *   mtp_session_start()  HELLO is in the output
 *   mtp_session_feed()   WELCOME, UPDATEs ... ; acknowledgements are in the output
 *   mtp_session_touch()  and its like; in the output
 *
 * What the host sends is not trusted: every length, rectangle and payload is checked before it is
 * used. Memory is taken once, in mtp_session_new(); libjpeg takes and gives back some working
 * memory a tile, bounded by the largest tile. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mtp-client/core/picture.h"
#include "mtp/messages.h"

#define MTP_SESSION_OUTPUT 65536 /* bytes the output holds */

enum mtp_session_state {
	MTP_SESSION_IDLE,     /* not started */
	MTP_SESSION_GREETING, /* HELLO was queued, WELCOME has not come */
	MTP_SESSION_LIVE,
	MTP_SESSION_ENDED, /* by the host's BYE, by ours, or by an error: see mtp_session_reason()
	                    */
};

struct mtp_session_options {
	size_t max_pixels;               /* largest screen that is accepted; 0: MTP_MAX_SCREEN */
	const struct mtp_codecs *codecs; /* outlives the session */
	/* Microseconds from any fixed point, for the decode time in acknowledgements; NULL: 0 is
	 * told. */
	uint64_t (*clock_us)(void *data);
	void *clock_data;
};

/* What the terminal tells about itself; borrowed during the call. */
struct mtp_session_hello {
	const char *grant; /* secret */
	const char *model;
	uint16_t width, height, dpi; /* of the terminal's screen */
	uint8_t touch_points;
	uint8_t rotation, scaling; /* by the host: quarter turns clockwise; enum mtp_scaling */
	uint8_t mode;              /* enum mtp_mode */
};

struct mtp_session_counters {
	uint64_t updates, bytes; /* bytes: received, all kinds of message */
	uint64_t rtt_us;         /* of the last PING that carried the clock; 0: none yet */
	uint64_t tiles[MTP_TILE_KINDS];
	uint64_t repairs;  /* asked for: what DRAWN tiles had taught was out of step */
	uint64_t glyphs;   /* referred to, instead of sent */
	uint64_t words;    /* answers to mtp_session_read() */
	uint32_t as_of_ms; /* time_ms of the last UPDATE that made the picture whole */
};

struct mtp_session;

/* NULL: no memory. */
struct mtp_session *mtp_session_new(const struct mtp_session_options *options);
void mtp_session_free(struct mtp_session *session);

/* Begins (again): forgets output and picture, keeps the counters. False: a field of the hello is
 * too long. */
bool mtp_session_start(struct mtp_session *session, const struct mtp_session_hello *hello);

/* Takes `n` bytes from the host. False: the session has ended (state and reason say why); what is
 * still in the output, a BYE maybe, should be sent before closing. */
bool mtp_session_feed(struct mtp_session *session, const void *bytes, size_t n);

/* Must the terminal decode before it goes on? (struct mtp_codecs, MTP_DECODE_LATER.) Then nothing
 * is fed, and the last bytes that were stay where they are, until it has called
 * mtp_session_decoded(): with the planes, or NULL when they cannot be decoded, which ends the
 * session. Returns as mtp_session_feed() does; it may have to wait again. */
bool mtp_session_waiting(const struct mtp_session *session);
bool mtp_session_decoded(struct mtp_session *session, const struct mtp_i420 *decoded);

/* Bytes for the host; valid until the next call that is not about the output. */
const uint8_t *mtp_session_output(const struct mtp_session *session, size_t *n);
void mtp_session_output_sent(struct mtp_session *session, size_t n);

enum mtp_session_state mtp_session_state(const struct mtp_session *session);
/* Once ended: enum mtp_bye_code, whoever said it, and a text for people; empty before. */
uint16_t mtp_session_code(const struct mtp_session *session);
const char *mtp_session_reason(const struct mtp_session *session);

/* Width 0 until WELCOME. */
const struct picture *mtp_session_picture(const struct mtp_session *session);
void mtp_session_shown(struct mtp_session *session); /* forgets the damage */
/* Has a whole picture been received since the start or the last change of mode? */
/* The last answer to mtp_session_read(), until the next feed; its list is whole (mtp/words.h).
 * NULL: none yet. */
const struct mtp_words *mtp_session_words(const struct mtp_session *session);
bool mtp_session_complete(const struct mtp_session *session);
uint8_t mtp_session_touch_points(const struct mtp_session *session); /* 0: pointer only */
const char *mtp_session_id(const struct mtp_session *session);
const struct mtp_session_counters *mtp_session_counters(const struct mtp_session *session);
const char *mtp_session_tile_name(unsigned kind); /* "solid" ...; kind < MTP_TILE_KINDS */

/*
 * Input in the picture's pixels. False: not live, or the host has not taken what came before.
 * Movements are the first to go: they are dropped from half an output full on, so that what they
 * lead to (button, finger, key) still has room.
 */
bool mtp_session_pointer(
    struct mtp_session *session, uint16_t x, uint16_t y, uint8_t buttons, int8_t wheel);
bool mtp_session_touch(
    struct mtp_session *session, enum mtp_touch_phase phase, uint8_t slot, uint16_t x, uint16_t y);
bool mtp_session_key(struct mtp_session *session, uint16_t code, bool down);
/* The terminal's screen or window is another one: the host may answer with another size. */
bool mtp_session_terminal(struct mtp_session *session, const struct mtp_terminal *terminal);
bool mtp_session_refresh(struct mtp_session *session); /* asks for a whole picture */
/* Asks what is written on the screen; the answer names the id. */
bool mtp_session_read(struct mtp_session *session, uint32_t id);
bool mtp_session_ping(struct mtp_session *session, uint64_t nonce);
/* Ends the session from our side. */
bool mtp_session_bye(struct mtp_session *session, uint16_t code, const char *reason);
