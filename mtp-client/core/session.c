/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "mtp-client/core/session_private.h"

/* What HELLO offers: every kind of tile that picture.c draws, but for what only some terminals can
 * decode. */
#define CODECS (((1u << MTP_TILE_KINDS) - 1) & ~(1u << MTP_TILE_H264))

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
	        .mode = hello->mode,
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
	    session_send(session, &message, 0) ? MTP_SESSION_GREETING : MTP_SESSION_IDLE;
	return session->state == MTP_SESSION_GREETING;
}

void session_end(struct mtp_session *session, uint16_t code, const char *reason, size_t n)
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

const struct mtp_words *mtp_session_words(const struct mtp_session *session)
{
	return session->counters.words ? &session->words : NULL;
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
