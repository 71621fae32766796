/* SPDX-License-Identifier: MIT */
#include "mtp-client/core/session.h"

#include <stdlib.h>

#include "mtp/checksum.h"

/* What HELLO offers: every kind of tile that picture.c draws, but for what only some terminals can
 * decode. */
#define CODECS (((1u << MTP_TILE_KINDS) - 1) & ~(1u << MTP_TILE_H264))
/* Bytes of output that input leaves free: acknowledgements and BYE never have to fail for it. */
#define OUTPUT_FOR_ACKS 4096
#define RTT_MAX_US 60000000u /* an answer to something else */

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

struct mtp_session *mtp_session_new(const struct mtp_session_options *options)
{
	struct mtp_session *session = calloc(1, sizeof(*session));
	size_t capacity = options->max_pixels ? options->max_pixels : MTP_MAX_SCREEN;

	if (!session)
		return NULL;
	session->codecs = *options->codecs;
	session->clock_us = options->clock_us;
	session->clock_data = options->clock_data;
	session->picture.capacity = capacity;
	session->picture.pixels = malloc(capacity * PICTURE_BYTES);
	session->picture.scratch = malloc(PICTURE_SCRATCH);
	bool cells = cells_init(&session->picture.cells);
	session->picture.drawn = malloc(sizeof(*session->picture.drawn));
	mtp_deframer_init(
	    &session->deframer, malloc(MTP_FRAME_HEADER + MTP_MAX_TO_CLIENT), MTP_MAX_TO_CLIENT);
	if (session->picture.pixels && session->picture.scratch && cells &&
	    session->picture.drawn && session->deframer.buffer)
		return session;
	mtp_session_free(session);
	return NULL;
}

void mtp_session_free(struct mtp_session *session)
{
	if (!session)
		return;
	free(session->picture.pixels);
	free(session->picture.scratch);
	cells_finish(&session->picture.cells);
	free(session->picture.drawn);
	free(session->deframer.buffer);
	free(session);
}

/* --- output --- */

/* `reserve` bytes stay free for what matters more. */
static bool send_message(
    struct mtp_session *session, const struct mtp_message *message, size_t reserve)
{
	if (session->output_begin) { /* sent bytes make room */
		memmove(session->output, session->output + session->output_begin,
		    session->output_end - session->output_begin);
		session->output_end -= session->output_begin;
		session->output_begin = 0;
	}

	size_t room = MTP_SESSION_OUTPUT - session->output_end;

	if (room <= reserve)
		return false;

	struct mtp_writer w = mtp_writer_of(session->output + session->output_end, room - reserve);

	mtp_message_encode(message, &w);
	if (w.failed)
		return false;
	session->output_end += w.size;
	return true;
}

const uint8_t *mtp_session_output(const struct mtp_session *session, size_t *n)
{
	*n = session->output_end - session->output_begin;
	return session->output + session->output_begin;
}

void mtp_session_output_sent(struct mtp_session *session, size_t n)
{
	size_t queued = session->output_end - session->output_begin;

	session->output_begin += n < queued ? n : queued;
}

/* --- the end --- */

static void end(struct mtp_session *session, uint16_t code, const char *reason, size_t n)
{
	if (session->state == MTP_SESSION_ENDED)
		return;
	if (n > MTP_MAX_REASON)
		n = MTP_MAX_REASON;
	memcpy(session->reason, reason, n);
	session->reason[n] = '\0';
	session->code = code;
	session->state = MTP_SESSION_ENDED;
}

/* The host broke the protocol: tell it, and end. Always false. */
static bool refuse(struct mtp_session *session, const char *reason)
{
	const struct mtp_message bye = {
	    .type = MTP_TYPE_BYE, .bye = {MTP_BYE_PROTOCOL, mtp_text_of(reason)}};

	send_message(session, &bye, 0);
	session->token = session->left.token = 0; /* who knows what is right */
	end(session, MTP_BYE_PROTOCOL, reason, strlen(reason));
	return false;
}

/* --- input from the host --- */

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
	} else if (!session->repairing && send_message(session, &repair, OUTPUT_FOR_ACKS)) {
		session->repairing = true;
		session->counters.repairs++;
	}
}

/* All tiles are drawn: acknowledges. */
static bool finish_update(struct mtp_session *session)
{
	ask_for_repair(session);
	session->counters.updates++;
	if (session->update.flags & MTP_UPDATE_COMPLETE)
		session->complete = true;

	uint64_t took = now_us(session) - session->update_begin_us;
	const struct mtp_message ack = {.type = MTP_TYPE_ACK,
	    .ack = {session->update.sequence, took < UINT32_MAX ? (uint32_t)took : UINT32_MAX}};

	if (!send_message(session, &ack, 0))
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

static bool take_message(struct mtp_session *session, const struct mtp_message *message)
{
	struct mtp_message pong = {.type = MTP_TYPE_PONG};

	if (message->type == MTP_TYPE_BYE) {
		end(session, message->bye.code, message->bye.reason.bytes,
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
	case MTP_TYPE_PING:
		pong.pong.nonce = message->ping.nonce;
		/* One answer to many questions would do as well: a full output drops it. */
		send_message(session, &pong, MTP_SESSION_OUTPUT / 2);
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

/* --- from the terminal --- */

/* Before a stream begins: where the one before it stopped. One that got no WELCOME did not begin.
 */
static void leave(struct mtp_session *session)
{
	if (session->picture.out_of_step || session->waiting)
		session->token = session->left.token = 0;
	if (!session->token)
		return;
	session->left.token = session->token;
	session->left.checksum = session->checksum;
	session->left.sequence = session->sequence;
	session->left.width = session->picture.width;
	session->left.height = session->picture.height;
	session->token = 0;
}

bool mtp_session_start(struct mtp_session *session, const struct mtp_session_hello *hello)
{
	leave(session);

	const struct mtp_message message = {.type = MTP_TYPE_HELLO,
	    .hello = {.version_min = MTP_VERSION,
	        .version_max = MTP_VERSION,
	        .grant = mtp_text_of(hello->grant),
	        .model = mtp_text_of(hello->model),
	        .width = hello->width,
	        .height = hello->height,
	        .dpi = hello->dpi,
	        .touch_points = hello->touch_points,
	        .codecs = CODECS | (session->codecs.h264_decode ? 1u << MTP_TILE_H264 : 0),
	        .rotation = hello->rotation,
	        .scaling = hello->scaling,
	        .token = session->left.token,
	        .sequence = session->left.token ? session->left.sequence : 0,
	        .checksum = session->left.token ? session->left.checksum : 0}};

	session->code = 0;
	session->reason[0] = session->id[0] = '\0';
	session->touch_points = session->buttons = 0;
	session->sequence = 0;
	session->checksum = 0;
	session->waiting = false;
	session->complete = false;
	session->output_begin = session->output_end = 0;
	session->picture.width = session->picture.height = 0;
	session->picture.video_width = session->picture.video_height = 0;
	picture_shown(&session->picture);
	drawn_init(session->picture.drawn);
	session->picture.out_of_step = session->repairing = false;
	mtp_deframer_init(&session->deframer, session->deframer.buffer, MTP_MAX_TO_CLIENT);
	session->state =
	    send_message(session, &message, 0) ? MTP_SESSION_GREETING : MTP_SESSION_IDLE;
	return session->state == MTP_SESSION_GREETING;
}

static bool send_live(
    struct mtp_session *session, const struct mtp_message *message, size_t reserve)
{
	return session->state == MTP_SESSION_LIVE && send_message(session, message, reserve);
}

bool mtp_session_pointer(
    struct mtp_session *session, uint16_t x, uint16_t y, uint8_t buttons, int8_t wheel)
{
	const struct mtp_message message = {
	    .type = MTP_TYPE_POINTER, .pointer = {x, y, buttons, wheel}};
	/* POINTER is the whole state, so one that came too late is made good by the next. */
	bool movement = wheel == 0 && buttons == session->buttons;

	if (!send_live(session, &message, movement ? MTP_SESSION_OUTPUT / 2 : OUTPUT_FOR_ACKS))
		return false;
	session->buttons = buttons;
	return true;
}

bool mtp_session_touch(
    struct mtp_session *session, enum mtp_touch_phase phase, uint8_t slot, uint16_t x, uint16_t y)
{
	const struct mtp_message message = {
	    .type = MTP_TYPE_TOUCH, .touch = {(uint8_t)phase, slot, x, y}};

	return slot < session->touch_points &&
	       send_live(session, &message,
	           phase == MTP_TOUCH_MOVE ? MTP_SESSION_OUTPUT / 2 : OUTPUT_FOR_ACKS);
}

bool mtp_session_key(struct mtp_session *session, uint16_t code, bool down)
{
	const struct mtp_message message = {.type = MTP_TYPE_KEY, .key = {code, down}};

	return send_live(session, &message, OUTPUT_FOR_ACKS);
}

bool mtp_session_terminal(struct mtp_session *session, const struct mtp_terminal *terminal)
{
	const struct mtp_message message = {.type = MTP_TYPE_TERMINAL, .terminal = *terminal};

	return send_live(session, &message, OUTPUT_FOR_ACKS);
}

bool mtp_session_refresh(struct mtp_session *session)
{
	const struct mtp_message message = {.type = MTP_TYPE_REFRESH};

	return send_live(session, &message, OUTPUT_FOR_ACKS);
}

bool mtp_session_ping(struct mtp_session *session, uint64_t nonce)
{
	const struct mtp_message message = {.type = MTP_TYPE_PING, .ping = {nonce}};

	return send_live(session, &message, OUTPUT_FOR_ACKS);
}

bool mtp_session_bye(struct mtp_session *session, uint16_t code, const char *reason)
{
	const struct mtp_message message = {
	    .type = MTP_TYPE_BYE, .bye = {code, mtp_text_of(reason)}};
	bool sent = send_live(session, &message, 0);

	end(session, code, reason, strlen(reason));
	return sent;
}

/* --- looking at it --- */

enum mtp_session_state mtp_session_state(const struct mtp_session *session)
{
	return session->state;
}

uint16_t mtp_session_code(const struct mtp_session *session)
{
	return session->code;
}

const char *mtp_session_reason(const struct mtp_session *session)
{
	return session->reason;
}

const struct picture *mtp_session_picture(const struct mtp_session *session)
{
	return &session->picture;
}

void mtp_session_shown(struct mtp_session *session)
{
	picture_shown(&session->picture);
}

bool mtp_session_complete(const struct mtp_session *session)
{
	return session->complete;
}

uint8_t mtp_session_touch_points(const struct mtp_session *session)
{
	return session->touch_points;
}

const char *mtp_session_id(const struct mtp_session *session)
{
	return session->id;
}

const struct mtp_session_counters *mtp_session_counters(const struct mtp_session *session)
{
	return &session->counters;
}

const char *mtp_session_tile_name(unsigned kind)
{
	static const char *const names[MTP_TILE_KINDS] = {
	    "solid", "copy", "palette", "zstd", "jpeg", "keep", "recall", "drawn", "h264"};

	return kind < MTP_TILE_KINDS ? names[kind] : "?";
}
