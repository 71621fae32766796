/* SPDX-License-Identifier: MIT */
/* A session that has said HELLO, and what is asked of it. */
#pragma once

#include <glib.h>
#include <string.h>

#include "mtp-client/core/session.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

/* 4 x 3 pixels, no touch screen, all codecs, session "s". */
#define WELCOME 0, 0, 0, 14, 0, 64, 0, 1, 0, 4, 0, 3, 0, 0, 0, 0, 31, 0, 1, 's'

struct fixture {
	struct mtp_codecs codecs;
	struct mtp_session *session;
	uint64_t clock;
};

/* Each look at the clock takes 7 us. */
static inline uint64_t fake_clock(void *data)
{
	return *(uint64_t *)data += 7;
}

static inline void set_up(struct fixture *f, gconstpointer data)
{
	const struct mtp_session_hello hello = {.grant = "GR",
	    .model = "m",
	    .width = 720,
	    .height = 1440,
	    .dpi = 96,
	    .touch_points = 5,
	    .rotation = 1,
	    .scaling = MTP_SCALING_SHRINK,
	    .mode = MTP_MODE_TAKE};

	(void)data;
	g_assert_true(mtp_codecs_init(&f->codecs));
	/* Whatever was built in: the tests say themselves what a terminal decodes. */
	f->codecs.h264_decode = NULL;
	const struct mtp_session_options options = {.max_pixels = 4096,
	    .codecs = &f->codecs,
	    .clock_us = fake_clock,
	    .clock_data = &f->clock};

	f->session = mtp_session_new(&options);
	g_assert_nonnull(f->session);
	g_assert_true(mtp_session_start(f->session, &hello));
}

static inline void tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	mtp_session_free(f->session);
	mtp_codecs_finish(&f->codecs);
}

static inline void assert_output(struct fixture *f, const uint8_t *expected, size_t size)
{
	size_t n;
	const uint8_t *bytes = mtp_session_output(f->session, &n);

	g_assert_cmpmem(bytes, n, expected, size);
	mtp_session_output_sent(f->session, n);
}

static inline void skip_output(struct fixture *f)
{
	size_t n;

	mtp_session_output(f->session, &n);
	mtp_session_output_sent(f->session, n);
}

static inline void welcome(struct fixture *f)
{
	skip_output(f);
	g_assert_true(mtp_session_feed(f->session, BYTES(WELCOME)));
	mtp_session_shown(f->session);
}

static inline void assert_pixel(struct fixture *f, unsigned x, unsigned y, unsigned rgb)
{
	const struct picture *picture = mtp_session_picture(f->session);
	const uint8_t *p = picture->pixels + (y * picture->width + x) * 4;

	g_assert_cmphex((unsigned)(p[0] << 16 | p[1] << 8 | p[2]), ==, rgb);
	g_assert_cmpuint(p[3], ==, 255);
}

static inline void assert_damage(
    struct fixture *f, unsigned x, unsigned y, unsigned width, unsigned height)
{
	const struct rectangle *damage = &mtp_session_picture(f->session)->damage;

	g_assert_cmpuint(damage->x, ==, x);
	g_assert_cmpuint(damage->y, ==, y);
	g_assert_cmpuint(damage->width, ==, width);
	g_assert_cmpuint(damage->height, ==, height);
}

static inline void assert_refused(struct fixture *f, const uint8_t *bytes, size_t n)
{
	size_t out;

	g_assert_false(mtp_session_feed(f->session, bytes, n));
	g_assert_cmpint(mtp_session_state(f->session), ==, MTP_SESSION_ENDED);
	g_assert_cmpuint(mtp_session_code(f->session), ==, MTP_BYE_PROTOCOL);
	g_assert_cmpstr(mtp_session_reason(f->session), !=, "");

	const uint8_t *bye = mtp_session_output(f->session, &out);

	g_assert_cmpuint(out, >, 8);
	g_assert_cmpuint(bye[5], ==, 9);
	g_assert_cmpuint(bye[7], ==, 3);
	/* The end is the end. */
	g_assert_false(mtp_session_feed(f->session, BYTES(WELCOME)));
	g_assert_false(mtp_session_key(f->session, 30, true));
}
