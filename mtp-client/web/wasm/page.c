/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the page calls: the core's session and view behind plain numbers, one session an instance.
 * Strings and bytes pass through `page_buffer()`, memory that both sides see. When the codec gives
 * up on hostile data the instance traps; the page then throws it away.
 */
#include <stdlib.h>
#include <string.h>

#include "mtp-client/core/session.h"
#include "mtp-client/core/view.h"
#include "mtp-client/core/zoom.h"

#define EXPORT(name) __attribute__((export_name(#name))) name
#define BUFFER_SIZE 65536

static struct mtp_codecs codecs;
static struct mtp_session *session;
static struct view view;
static struct zoom zoom;
static struct pinch pinch;
static uint16_t phone_x, phone_y;
static uint8_t buffer[BUFFER_SIZE];
static uint8_t *planes; /* of the video stream; NULL: none has begun */
static unsigned planes_width, planes_height;

/* Microseconds of performance.now(). */
__attribute__((import_module("page"), import_name("clock"))) double page_clock(void);

/* An access unit for the browser's decoder; the answer is page_decoded(). */
__attribute__((import_module("page"), import_name("video"))) void page_video(
    const uint8_t *unit, uint32_t size, uint32_t key, uint32_t width, uint32_t height);

uint8_t *page_buffer(void);
uint32_t page_buffer_size(void);
int page_init(uint32_t video);
int page_start(uint32_t grant, uint32_t model, uint32_t width, uint32_t height, uint32_t dpi,
    uint32_t touch_points, uint32_t scaling, uint32_t mode);
int page_feed(uint32_t n);
int page_waiting(void);
uint8_t *page_planes(void);
int page_decoded(uint32_t decoded);
const uint8_t *page_output(void);
uint32_t page_output_size(void);
void page_output_sent(uint32_t n);
int page_state(void);
int page_code(void);
const char *page_reason(void);
int page_complete(void);
int page_touch_points(void);
const uint8_t *page_pixels(void);
const struct rectangle *page_damage(void);
uint32_t page_width(void);
uint32_t page_height(void);
uint32_t page_as_of(void);
void page_shown(void);
double page_counter(uint32_t which);
double page_delay(void);
const char *page_tile_name(uint32_t kind);
int page_terminal(uint32_t width, uint32_t height, uint32_t dpi, uint32_t scaling, uint32_t mode);
int page_pointer(uint32_t x, uint32_t y, uint32_t buttons, int32_t wheel);
int page_touch(uint32_t phase, uint32_t slot, uint32_t x, uint32_t y);
int page_key(uint32_t code, uint32_t down);
int page_refresh(void);
int page_ping(void);
int page_bye(void);
void page_fit(uint32_t width, uint32_t height, uint32_t rotation);
const struct view *page_view(void);
double page_zoom(void);
void page_zoom_by(double factor, double x, double y);
void page_zoom_reset(void);
int page_finger(uint32_t finger, uint32_t down, double x, double y);
int page_to_phone(double x, double y);
uint32_t page_phone_x(void);
uint32_t page_phone_y(void);
int page_read(uint32_t id);
const uint8_t *page_words(void);
uint32_t page_words_size(void);
uint32_t page_words_id(void);
uint32_t page_words_status(void);

static uint64_t clock_us(void *data)
{
	(void)data;
	return (uint64_t)page_clock();
}

uint8_t *EXPORT(page_buffer)(void)
{
	return buffer;
}

uint32_t EXPORT(page_buffer_size)(void)
{
	return BUFFER_SIZE;
}

static enum mtp_decode decode_later(void *context, bool key, unsigned width, unsigned height,
    const uint8_t *in, size_t n, struct mtp_i420 *picture)
{
	(void)context, (void)picture;
	if (key) {
		free(planes);
		planes = malloc(mtp_i420_size(width, height));
		planes_width = width;
		planes_height = height;
	}
	if (!planes)
		return MTP_DECODE_FAILED;
	page_video(in, n, key, width, height);
	return MTP_DECODE_LATER;
}

/* `video`: the browser decodes H.264. */
int EXPORT(page_init)(uint32_t video)
{
	const struct mtp_session_options options = {.codecs = &codecs, .clock_us = clock_us};

	if (!mtp_codecs_init(&codecs))
		return 0;
	if (video)
		codecs.h264_decode = decode_later;
	session = mtp_session_new(&options);
	return session != NULL;
}

/* Grant and model lie in the buffer, one after the other, each ended by a NUL: their lengths. */
int EXPORT(page_start)(uint32_t grant, uint32_t model, uint32_t width, uint32_t height,
    uint32_t dpi, uint32_t touch_points, uint32_t scaling, uint32_t mode)
{
	if (grant >= BUFFER_SIZE || model >= BUFFER_SIZE - grant - 1 || buffer[grant] ||
	    buffer[grant + 1 + model])
		return 0;

	const struct mtp_session_hello hello = {.grant = (char *)buffer,
	    .model = (char *)buffer + grant + 1,
	    .width = (uint16_t)width,
	    .height = (uint16_t)height,
	    .dpi = (uint16_t)dpi,
	    .touch_points = (uint8_t)touch_points,
	    .scaling = (uint8_t)scaling,
	    .mode = (uint8_t)mode};
	bool started = mtp_session_start(session, &hello);

	memset(buffer, 0, grant);
	return started;
}

/* The first `n` bytes of the buffer came from the host. */
int EXPORT(page_feed)(uint32_t n)
{
	return n <= BUFFER_SIZE && mtp_session_feed(session, buffer, n);
}

int EXPORT(page_waiting)(void)
{
	return mtp_session_waiting(session);
}

/* Room for the decoder's Y, Cb and Cr, without gaps. */
uint8_t *EXPORT(page_planes)(void)
{
	return planes;
}

int EXPORT(page_decoded)(uint32_t decoded)
{
	struct mtp_i420 picture = mtp_i420_of(planes, planes_width, planes_height);

	return mtp_session_decoded(session, decoded ? &picture : NULL);
}

const uint8_t *EXPORT(page_output)(void)
{
	size_t n;

	return mtp_session_output(session, &n);
}

uint32_t EXPORT(page_output_size)(void)
{
	size_t n;

	mtp_session_output(session, &n);
	return n;
}

void EXPORT(page_output_sent)(uint32_t n)
{
	mtp_session_output_sent(session, n);
}

int EXPORT(page_state)(void)
{
	return mtp_session_state(session);
}

int EXPORT(page_code)(void)
{
	return mtp_session_code(session);
}

const char *EXPORT(page_reason)(void)
{
	return mtp_session_reason(session);
}

int EXPORT(page_complete)(void)
{
	return mtp_session_complete(session);
}

int EXPORT(page_touch_points)(void)
{
	return mtp_session_touch_points(session);
}

const uint8_t *EXPORT(page_pixels)(void)
{
	return mtp_session_picture(session)->pixels;
}

/* Four u32: x, y, width, height. */
const struct rectangle *EXPORT(page_damage)(void)
{
	return &mtp_session_picture(session)->damage;
}

uint32_t EXPORT(page_width)(void)
{
	return mtp_session_picture(session)->width;
}

uint32_t EXPORT(page_height)(void)
{
	return mtp_session_picture(session)->height;
}

/* time_ms of the update that made the picture whole. */
uint32_t EXPORT(page_as_of)(void)
{
	return mtp_session_counters(session)->as_of_ms;
}

void EXPORT(page_shown)(void)
{
	mtp_session_shown(session);
}

/* 0 updates, 1 bytes, 2 and on: tiles by kind. */
double EXPORT(page_counter)(uint32_t which)
{
	const struct mtp_session_counters *counters = mtp_session_counters(session);

	if (which < 2)
		return (double)(which ? counters->bytes : counters->updates);
	return which - 2 < MTP_TILE_KINDS ? (double)counters->tiles[which - 2] : 0;
}

/* Of the last ping, in milliseconds; 0: not known. */
double EXPORT(page_delay)(void)
{
	return (double)mtp_session_counters(session)->rtt_us / 1000;
}

/* NULL: there is no such kind. */
const char *EXPORT(page_tile_name)(uint32_t kind)
{
	return kind < MTP_TILE_KINDS ? mtp_session_tile_name(kind) : NULL;
}

int EXPORT(page_terminal)(uint32_t width, uint32_t height, uint32_t dpi, uint32_t scaling, uint32_t mode)
{
	const struct mtp_terminal terminal = {.width = (uint16_t)width,
	    .height = (uint16_t)height,
	    .dpi = (uint16_t)dpi,
	    .scaling = (uint8_t)scaling,
	    .mode = (uint8_t)mode};

	return mtp_session_terminal(session, &terminal);
}

int EXPORT(page_pointer)(uint32_t x, uint32_t y, uint32_t buttons, int32_t wheel)
{
	return mtp_session_pointer(
	    session, (uint16_t)x, (uint16_t)y, (uint8_t)buttons, (int8_t)wheel);
}

int EXPORT(page_touch)(uint32_t phase, uint32_t slot, uint32_t x, uint32_t y)
{
	return mtp_session_touch(
	    session, (enum mtp_touch_phase)phase, (uint8_t)slot, (uint16_t)x, (uint16_t)y);
}

int EXPORT(page_key)(uint32_t code, uint32_t down)
{
	return mtp_session_key(session, (uint16_t)code, down);
}

int EXPORT(page_refresh)(void)
{
	return mtp_session_refresh(session);
}

int EXPORT(page_ping)(void)
{
	return mtp_session_ping(session, clock_us(NULL));
}

int EXPORT(page_bye)(void)
{
	return mtp_session_bye(session, MTP_BYE_NORMAL, "closed by the user");
}

void EXPORT(page_fit)(uint32_t width, uint32_t height, uint32_t rotation)
{
	const struct picture *picture = mtp_session_picture(session);

	view_fit(&view, width, height, picture->width, picture->height, rotation);
	zoom_apply(&zoom, &view);
}

/* Five f64: x, y, width, height of the turned picture in the window, and the scale. */
const struct view *EXPORT(page_view)(void)
{
	return &view;
}

/* 1: the whole picture. */
double EXPORT(page_zoom)(void)
{
	return zoom.factor > 1 ? zoom.factor : 1;
}

void EXPORT(page_zoom_by)(double factor, double x, double y)
{
	zoom_by(&zoom, &view, factor, x, y);
}

void EXPORT(page_zoom_reset)(void)
{
	zoom = (struct zoom){0};
	pinch = (struct pinch){0};
}

/* As enum pinch_result. */
int EXPORT(page_finger)(uint32_t finger, uint32_t down, double x, double y)
{
	if (finger >= ZOOM_FINGERS)
		return PINCH_PASS;
	return (int)pinch_finger(&pinch, &zoom, &view, finger, down, x, y);
}

int EXPORT(page_to_phone)(double x, double y)
{
	return view_to_phone(&view, x, y, &phone_x, &phone_y);
}

uint32_t EXPORT(page_phone_x)(void)
{
	return phone_x;
}

uint32_t EXPORT(page_phone_y)(void)
{
	return phone_y;
}

int EXPORT(page_read)(uint32_t id)
{
	return mtp_session_read(session, id);
}

/* The last answer to page_read(), as mtp/words.h has it; NULL: none yet. */
const uint8_t *EXPORT(page_words)(void)
{
	const struct mtp_words *words = mtp_session_words(session);

	return words ? words->list.bytes : NULL;
}

/* These when there is one. */
uint32_t EXPORT(page_words_size)(void)
{
	const struct mtp_words *words = mtp_session_words(session);

	return words ? (uint32_t)words->list.size : 0;
}

uint32_t EXPORT(page_words_id)(void)
{
	return mtp_session_words(session)->id;
}

uint32_t EXPORT(page_words_status)(void)
{
	return mtp_session_words(session)->status;
}
