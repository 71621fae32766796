/* SPDX-License-Identifier: MIT */
#include "mtp-client/core/session_private.h"
#include "mtp/checksum.h"
#include "mtp/words.h"

#define RTT_MAX_US 60000000u /* an answer to something else */

/* The host broke the protocol: tell it, and end. Always false. */
static bool refuse(struct mtp_session *session, const char *reason)
{
	const struct mtp_message bye = {
	    .type = MTP_TYPE_BYE, .bye = {MTP_BYE_PROTOCOL, mtp_text_of(reason)}};

	session_send(session, &bye, 0);
	session->token = session->left.token = 0; /* who knows what is right */
	session_end(session, MTP_BYE_PROTOCOL, reason, strlen(reason));
	return false;
}

static uint64_t now_us(const struct mtp_session *session)
{
	return session->clock_us ? session->clock_us(session->clock_data) : 0;
}

static bool take_screen(struct mtp_session *session, uint32_t width, uint32_t height)
{
	session->complete = false;
	if (!mtp_screen_is_valid(width, height) ||
	    !picture_resize(&session->picture, width, height))
		return refuse(session, "the screen is empty, or larger than this terminal takes");
	return true;
}

/* The host goes on where we stopped: pictures and cells are as they were. */
static bool come_back(struct mtp_session *session, const struct mtp_welcome *welcome)
{
	if (!session->left.token || welcome->width != session->left.width ||
	    welcome->height != session->left.height)
		return refuse(session, "WELCOME resumes what was not left");
	session->left.token = 0;
	session->picture.width = welcome->width;
	session->picture.height = welcome->height;
	session->picture.damage =
	    (struct rectangle){.width = welcome->width, .height = welcome->height};
	return true;
}

static bool begin_anew(struct mtp_session *session, const struct mtp_welcome *welcome)
{
	session->left.token = 0;
	cells_clear(&session->picture.cells);
	return take_screen(session, welcome->width, welcome->height);
}

static bool take_welcome(struct mtp_session *session, const struct mtp_welcome *welcome)
{
	if (session->state != MTP_SESSION_GREETING)
		return refuse(session, "a second WELCOME");
	if (welcome->version != MTP_VERSION)
		return refuse(session, "WELCOME names a version that HELLO did not offer");
	memcpy(session->id, welcome->session.bytes, welcome->session.size);
	session->id[welcome->session.size] = '\0';
	session->touch_points = welcome->touch_points;
	session->state = MTP_SESSION_LIVE;
	session->token = welcome->token;
	return welcome->resumed ? come_back(session, welcome) : begin_anew(session, welcome);
}

/* Once, until the host has begun anew. A full output asks with a later update. */
static void ask_for_repair(struct mtp_session *session)
{
	const struct mtp_message repair = {.type = MTP_TYPE_REPAIR};

	if (!session->picture.out_of_step) {
		session->repairing = false;
	} else if (!session->repairing && session_send(session, &repair, OUTPUT_FOR_ACKS)) {
		session->repairing = true;
		session->counters.repairs++;
	}
}

/* All tiles are drawn: acknowledges. */
static bool finish_update(struct mtp_session *session)
{
	ask_for_repair(session);
	session->counters.updates++;
	if (session->update.flags & MTP_UPDATE_COMPLETE) {
		session->complete = true;
		session->counters.as_of_ms = session->update.time_ms;
	}

	uint64_t took = now_us(session) - session->update_begin_us;
	const struct mtp_message ack = {.type = MTP_TYPE_ACK,
	    .ack = {session->update.sequence, took < UINT32_MAX ? (uint32_t)took : UINT32_MAX}};

	if (!session_send(session, &ack, 0))
		return refuse(session, "acknowledgements are not taken");
	return true;
}

static bool draw_tiles(struct mtp_session *session)
{
	struct mtp_tile *tile = &session->tile;
	enum mtp_result result;

	while ((result = mtp_tiles_next(&session->tiles, tile)) == MTP_OK) {
		if (tile->kind == MTP_TILE_DRAWN && drawn_is_reset(tile->data, tile->size) &&
		    ++session->resets > DRAWN_RESETS_MAX)
			return refuse(session, "an UPDATE begins anew too often");

		const char *wrong =
		    picture_draw(&session->picture, &session->codecs, tile, &session->waiting);

		if (wrong)
			return refuse(session, wrong);
		session->counters.tiles[tile->kind]++;
		if (tile->kind == MTP_TILE_DRAWN && !session->picture.out_of_step)
			session->counters.glyphs += session->picture.drawn->referred;
		if (session->waiting)
			return true;
	}
	if (result == MTP_MALFORMED)
		return refuse(session, "a tile is cut off, or not within its bounds");
	return finish_update(session);
}

static bool take_update(struct mtp_session *session, const struct mtp_update *update)
{
	if (update->sequence != ++session->sequence)
		return refuse(session, "an UPDATE is missing or out of order");
	session->update = *update;
	session->update_begin_us = now_us(session);
	session->resets = 0;
	session->checksum =
	    mtp_checksum(session->checksum, update->tiles.bytes, update->tiles.size);
	mtp_tiles_init(&session->tiles, update, (uint16_t)session->picture.width,
	    (uint16_t)session->picture.height);
	return draw_tiles(session);
}

/* The nonce is the clock when it was sent; a host may answer with anything. */
static void take_pong(struct mtp_session *session, const struct mtp_pong *pong)
{
	uint64_t now = now_us(session);

	if (pong->nonce && pong->nonce <= now && now - pong->nonce < RTT_MAX_US)
		session->counters.rtt_us = now - pong->nonce;
}

/* A list that is not words from end to end is not shown in part. */
static bool take_words(struct mtp_session *session, const struct mtp_words *words)
{
	struct mtp_reader r = mtp_reader_of(words->list.bytes, words->list.size);
	struct mtp_word word;
	enum mtp_result result;

	while ((result = mtp_word_read(&r, &word)) == MTP_OK)
		;
	if (result != MTP_AGAIN || words->list.size > sizeof session->word_bytes)
		return refuse(session, "words are cut off, or not within their bounds");
	if (words->list.size)
		memcpy(session->word_bytes, words->list.bytes, words->list.size);
	session->words = *words;
	session->words.list.bytes = session->word_bytes;
	session->counters.words++;
	return true;
}

static bool take_message(struct mtp_session *session, const struct mtp_message *message)
{
	struct mtp_message pong = {.type = MTP_TYPE_PONG};

	if (message->type == MTP_TYPE_BYE) {
		session_end(session, message->bye.code, message->bye.reason.bytes,
		    message->bye.reason.size);
		return false;
	}
	if (message->type == MTP_TYPE_WELCOME)
		return take_welcome(session, &message->welcome);
	if (session->state != MTP_SESSION_LIVE)
		return refuse(session, "the first message is not WELCOME");

	switch (message->type) {
	case MTP_TYPE_SCREEN:
		return take_screen(session, message->screen.width, message->screen.height);
	case MTP_TYPE_UPDATE:
		return take_update(session, &message->update);
	case MTP_TYPE_WORDS:
		return take_words(session, &message->words);
	case MTP_TYPE_PING:
		pong.pong.nonce = message->ping.nonce;
		/* One answer to many questions would do as well: a full output drops it. */
		session_send(session, &pong, MTP_SESSION_OUTPUT / 2);
		return true;
	case MTP_TYPE_PONG:
		take_pong(session, &message->pong);
		return true;
	default: /* what a newer host says */
		return true;
	}
}

static bool take_bytes(struct mtp_session *session, const uint8_t *in, size_t n)
{
	struct mtp_message message;
	struct mtp_frame frame;

	for (;;) {
		enum mtp_result result = mtp_deframer_next(&session->deframer, &in, &n, &frame);

		if (result == MTP_AGAIN)
			return true;
		if (result == MTP_OK)
			result = mtp_message_decode(&message, MTP_BY_SERVER, &frame);
		if (result == MTP_UNKNOWN)
			continue;
		if (result != MTP_OK)
			return refuse(session, "a message is too long, cut off, or out of bounds");
		if (!take_message(session, &message))
			return false;
		if (session->waiting) {
			session->rest = in;
			session->rest_size = n;
			return true;
		}
	}
}

bool mtp_session_feed(struct mtp_session *session, const void *bytes, size_t n)
{
	if (session->state == MTP_SESSION_IDLE || session->state == MTP_SESSION_ENDED)
		return false;
	if (session->waiting)
		return refuse(session, "bytes came before the picture was decoded");
	session->counters.bytes += n;
	return take_bytes(session, bytes, n);
}

bool mtp_session_waiting(const struct mtp_session *session)
{
	return session->waiting && session->state == MTP_SESSION_LIVE;
}

bool mtp_session_decoded(struct mtp_session *session, const struct mtp_i420 *decoded)
{
	if (!mtp_session_waiting(session))
		return false;
	session->waiting = false;
	if (!decoded)
		return refuse(session, "an H264 tile does not decode to its size");
	picture_draw_video(&session->picture, &session->tile, decoded);
	return draw_tiles(session) &&
	       (session->waiting || take_bytes(session, session->rest, session->rest_size));
}
