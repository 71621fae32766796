/* SPDX-License-Identifier: MIT */
/* The session against byte literals: what a host sends, and what must come back. */
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
static uint64_t fake_clock(void *data)
{
	return *(uint64_t *)data += 7;
}

static void set_up(struct fixture *f, gconstpointer data)
{
	const struct mtp_session_hello hello = {.grant = "GR",
	    .model = "m",
	    .width = 720,
	    .height = 1440,
	    .dpi = 96,
	    .touch_points = 5,
	    .rotation = 1,
	    .scaling = MTP_SCALING_SHRINK};

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

static void tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	mtp_session_free(f->session);
	mtp_codecs_finish(&f->codecs);
}

static void assert_output(struct fixture *f, const uint8_t *expected, size_t size)
{
	size_t n;
	const uint8_t *bytes = mtp_session_output(f->session, &n);

	g_assert_cmpmem(bytes, n, expected, size);
	mtp_session_output_sent(f->session, n);
}

static void skip_output(struct fixture *f)
{
	size_t n;

	mtp_session_output(f->session, &n);
	mtp_session_output_sent(f->session, n);
}

static void welcome(struct fixture *f)
{
	skip_output(f);
	g_assert_true(mtp_session_feed(f->session, BYTES(WELCOME)));
	mtp_session_shown(f->session);
}

static void assert_pixel(struct fixture *f, unsigned x, unsigned y, unsigned rgb)
{
	const struct picture *picture = mtp_session_picture(f->session);
	const uint8_t *p = picture->pixels + (y * picture->width + x) * 4;

	g_assert_cmphex((unsigned)(p[0] << 16 | p[1] << 8 | p[2]), ==, rgb);
	g_assert_cmpuint(p[3], ==, 255);
}

static void assert_damage(
    struct fixture *f, unsigned x, unsigned y, unsigned width, unsigned height)
{
	const struct rectangle *damage = &mtp_session_picture(f->session)->damage;

	g_assert_cmpuint(damage->x, ==, x);
	g_assert_cmpuint(damage->y, ==, y);
	g_assert_cmpuint(damage->width, ==, width);
	g_assert_cmpuint(damage->height, ==, height);
}

static void assert_refused(struct fixture *f, const uint8_t *bytes, size_t n)
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

static void test_hello(struct fixture *f, gconstpointer data)
{
	(void)data;
	assert_output(f,
	    BYTES(0, 0, 0, 44, 0, 1, 0, 1, 0, 1, 0, 2, 'G', 'R', 0, 1, 'm', 2, 0xd0, 5, 0xa0, 0, 96,
	        5, 0, 0, 0, 255, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
	g_assert_cmpint(mtp_session_state(f->session), ==, MTP_SESSION_GREETING);
	g_assert_false(mtp_session_key(f->session, 30, true)); /* not yet */
}

static void test_hello_too_long(struct fixture *f, gconstpointer data)
{
	g_autofree char *grant = g_strnfill(MTP_MAX_GRANT + 1, 'x');
	const struct mtp_session_hello hello = {.grant = grant, .model = "m"};

	(void)data;
	g_assert_false(mtp_session_start(f->session, &hello));
	g_assert_cmpint(mtp_session_state(f->session), ==, MTP_SESSION_IDLE);
}

static void test_welcome(struct fixture *f, gconstpointer data)
{
	const uint8_t bytes[] = {WELCOME};

	(void)data;
	for (size_t i = 0; i < sizeof(bytes); i++) { /* in any split */
		g_assert_cmpint(mtp_session_state(f->session), ==, MTP_SESSION_GREETING);
		g_assert_true(mtp_session_feed(f->session, bytes + i, 1));
	}
	g_assert_cmpint(mtp_session_state(f->session), ==, MTP_SESSION_LIVE);
	g_assert_cmpuint(mtp_session_picture(f->session)->width, ==, 4);
	g_assert_cmpuint(mtp_session_picture(f->session)->height, ==, 3);
	g_assert_cmpstr(mtp_session_id(f->session), ==, "s");
	g_assert_cmpuint(mtp_session_touch_points(f->session), ==, 0);
	assert_damage(f, 0, 0, 4, 3);
	assert_pixel(f, 3, 2, 0);
}

static void test_solid_and_ack(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	g_assert_true(mtp_session_feed(
	    f->session, BYTES(0, 0, 0, 23, 0, 66, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, /* tile */ 0, 0,
	                    1, 0, 1, 0, 2, 0, 2, 0xff, 0x80, 0x01)));
	assert_damage(f, 1, 1, 2, 2);
	assert_pixel(f, 1, 1, 0xff8001);
	assert_pixel(f, 2, 2, 0xff8001);
	assert_pixel(f, 0, 0, 0);
	assert_pixel(f, 3, 2, 0);
	assert_output(f, BYTES(0, 0, 0, 8, 0, 2, 0, 0, 0, 1, 0, 0, 0, 7));
	g_assert_false(mtp_session_complete(f->session)); /* the flag was not set */
	g_assert_cmpuint(mtp_session_counters(f->session)->updates, ==, 1);
	g_assert_cmpuint(mtp_session_counters(f->session)->tiles[MTP_TILE_SOLID], ==, 1);
}

static void test_copy_overlaps(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	/* Columns 0..3 become 10, 20, 30, 40; then columns 0..2 move right by one, rows down. */
	g_assert_true(mtp_session_feed(f->session,
	    BYTES(0, 0, 0, 72, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 5,                    /* */
	        0, 0, 0, 0, 0, 0, 1, 0, 3, 0, 0, 10, 0, 0, 1, 0, 0, 0, 1, 0, 3, 0, 0, 20, /* */
	        0, 0, 2, 0, 0, 0, 1, 0, 3, 0, 0, 30, 0, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0, 40, /* */
	        1, 0, 1, 0, 1, 0, 3, 0, 2, 0, 0, 0, 0)));
	assert_pixel(f, 0, 0, 10);
	assert_pixel(f, 3, 0, 40);
	assert_pixel(f, 0, 1, 10);
	assert_pixel(f, 1, 1, 10);
	assert_pixel(f, 2, 1, 20);
	assert_pixel(f, 3, 1, 30);
	assert_pixel(f, 1, 2, 10);
	assert_pixel(f, 3, 2, 30);
	g_assert_true(mtp_session_complete(f->session));
}

/* A zstd frame by hand (RFC 8878): magic, single segment with a one-byte size, one raw block. */
#define ZSTD_RAW(size, ...)                                                                        \
	0x28, 0xb5, 0x2f, 0xfd, 0x20, size, (uint8_t)((size) << 3 | 1), 0, 0, __VA_ARGS__

static void test_palette(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	/* 3 x 2, three colours: 2 bits an index, a byte a row: 0 1 2 / 2 3(black) 0. */
	g_assert_true(mtp_session_feed(
	    f->session, BYTES(0, 0, 0, 45, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, /* */
	                    2, 0, 1, 0, 0, 0, 3, 0, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 0, 0, 0, 11,
	                    ZSTD_RAW(2, 0x18, 0xb0))));
	assert_pixel(f, 1, 0, 0x010101);
	assert_pixel(f, 2, 0, 0x020202);
	assert_pixel(f, 3, 0, 0x030303);
	assert_pixel(f, 1, 1, 0x030303);
	assert_pixel(f, 2, 1, 0);
	assert_pixel(f, 3, 1, 0x010101);
	assert_damage(f, 1, 0, 3, 2);
}

static void test_zstd(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	g_assert_true(mtp_session_feed(f->session,
	    BYTES(0, 0, 0, 39, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, /* */
	        3, 0, 0, 0, 2, 0, 2, 0, 1, 0, 0, 0, 15, ZSTD_RAW(6, 1, 2, 3, 4, 5, 6))));
	assert_pixel(f, 0, 2, 0x010203);
	assert_pixel(f, 1, 2, 0x040506);
	assert_pixel(f, 2, 2, 0);
}

static void test_zstd_wrong_size(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	/* Five bytes where two pixels need six. */
	assert_refused(f, BYTES(0, 0, 0, 38, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 3, 0, 0, 0, 2,
	                      0, 2, 0, 1, 0, 0, 0, 14, ZSTD_RAW(5, 1, 2, 3, 4, 5)));
}

static void test_jpeg_broken(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	assert_refused(f, BYTES(0, 0, 0, 28, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 4, 0, 0, 0, 0,
	                      0, 4, 0, 3, 0, 0, 0, 4, 0xff, 0xd8, 0xff, 0xd9));
	g_assert_nonnull(strstr(mtp_session_reason(f->session), "JPEG"));
}

static void test_tile_outside(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	assert_refused(f, BYTES(0, 0, 0, 23, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 3, 0, 0,
	                      0, 2, 0, 1, 9, 9, 9));
}

static void test_tile_cut_off(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	/* Two tiles are announced, one is there. */
	assert_refused(f, BYTES(0, 0, 0, 23, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0, 0,
	                      0, 1, 0, 1, 9, 9, 9));
}

static void test_sequence(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	assert_refused(f, BYTES(0, 0, 0, 11, 0, 66, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0));
}

static void test_frame_too_long(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	assert_refused(f, BYTES(0, 0x40, 0, 1, 0, 66)); /* told from the header alone */
}

static void test_not_welcome_first(struct fixture *f, gconstpointer data)
{
	(void)data;
	skip_output(f);
	assert_refused(f, BYTES(0, 0, 0, 11, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0));
}

static void test_screen_too_large(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	assert_refused(f, BYTES(0, 0, 0, 4, 0, 65, 0, 65, 0, 64)); /* 4160 > 4096 pixels */
}

static void test_screen(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	g_assert_true(mtp_session_feed(f->session, BYTES(0, 0, 0, 4, 0, 65, 0, 2, 0, 5)));
	g_assert_cmpuint(mtp_session_picture(f->session)->width, ==, 2);
	assert_damage(f, 0, 0, 2, 5);
}

static void test_unknown_is_skipped(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	/* Type 99 with three bytes, then PING. */
	g_assert_true(mtp_session_feed(f->session,
	    BYTES(0, 0, 0, 3, 0, 99, 1, 2, 3, 0, 0, 0, 8, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8)));
	assert_output(f, BYTES(0, 0, 0, 8, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8));
}

/* An update of one DRAWN tile over the whole screen. */
#define DRAWN_UPDATE(sequence, ...)                                                                \
	0, 0, 0, 29, 0, 66, 0, 0, 0, sequence, 0, 0, 0, 0, 1, 0, 1, 7, 0, 0, 0, 0, 0, 4, 0, 3, 0,  \
	    0, 0, 5, __VA_ARGS__

/* A checksum of another state: nothing is drawn, REPAIR is asked for once, the stream goes on. */
static void test_repair(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	g_assert_true(mtp_session_feed(f->session, BYTES(DRAWN_UPDATE(1, 8, 1, 2, 3, 4))));
	assert_output(f, BYTES(0, 0, 0, 0, 0, 14, 0, 0, 0, 8, 0, 2, 0, 0, 0, 1, 0, 0, 0, 7));
	g_assert_true(mtp_session_feed(f->session, BYTES(DRAWN_UPDATE(2, 8, 1, 2, 3, 4))));
	assert_output(f, BYTES(0, 0, 0, 8, 0, 2, 0, 0, 0, 2, 0, 0, 0, 7));
	assert_pixel(f, 0, 0, 0);
	g_assert_cmpuint(mtp_session_counters(f->session)->repairs, ==, 1);
}

static void test_resets_are_bounded(struct fixture *f, gconstpointer data)
{
	uint8_t bytes[256];
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	(void)data;
	welcome(f);
	for (unsigned i = 0; i < DRAWN_RESETS_MAX + 1; i++)
		mtp_tile_write(&(struct mtp_tile){.kind = MTP_TILE_DRAWN,
		                   .width = 1,
		                   .height = 1,
		                   .data = (const uint8_t *)"\1",
		                   .size = 1},
		    4, 3, &w);
	const struct mtp_message message = {.type = MTP_TYPE_UPDATE,
	    .update = {.sequence = 1, .count = DRAWN_RESETS_MAX + 1, .tiles = {bytes, w.size}}};
	uint8_t frame[512];
	struct mtp_writer out = mtp_writer_of(frame, sizeof frame);
	mtp_message_encode(&message, &out);
	g_assert_false(mtp_session_feed(f->session, frame, out.size));
	g_assert_cmpstr(mtp_session_reason(f->session), ==, "an UPDATE begins anew too often");
}

static void test_bye(struct fixture *f, gconstpointer data)
{
	(void)data;
	skip_output(f);
	g_assert_false(
	    mtp_session_feed(f->session, BYTES(0, 0, 0, 7, 0, 9, 0, 2, 0, 3, 'o', 'l', 'd')));
	g_assert_cmpuint(mtp_session_code(f->session), ==, MTP_BYE_GRANT);
	g_assert_cmpstr(mtp_session_reason(f->session), ==, "old");
	assert_output(f, NULL, 0); /* a BYE is not answered */
}

static void test_input(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	g_assert_true(mtp_session_pointer(f->session, 0x102, 0x304, 1, -1));
	g_assert_true(mtp_session_key(f->session, 28, true));
	g_assert_true(mtp_session_refresh(f->session));
	g_assert_true(mtp_session_ping(f->session, 5));
	g_assert_false(mtp_session_touch(f->session, MTP_TOUCH_DOWN, 0, 1, 1)); /* none there */
	assert_output(f, BYTES(0, 0, 0, 6, 0, 3, 1, 2, 3, 4, 1, 0xff,           /* */
	                     0, 0, 0, 3, 0, 5, 0, 28, 1,                        /* */
	                     0, 0, 0, 0, 0, 6,                                  /* */
	                     0, 0, 0, 8, 0, 7, 0, 0, 0, 0, 0, 0, 0, 5));
	g_assert_true(mtp_session_bye(f->session, MTP_BYE_NORMAL, "ok"));
	assert_output(f, BYTES(0, 0, 0, 6, 0, 9, 0, 0, 0, 2, 'o', 'k'));
}

static void test_touch(struct fixture *f, gconstpointer data)
{
	(void)data;
	skip_output(f);
	g_assert_true(mtp_session_feed(
	    f->session, BYTES(0, 0, 0, 14, 0, 64, 0, 1, 0, 4, 0, 3, 2, 0, 0, 0, 31, 0, 1, 's')));
	g_assert_true(mtp_session_touch(f->session, MTP_TOUCH_UP, 1, 2, 3));
	g_assert_false(mtp_session_touch(f->session, MTP_TOUCH_DOWN, 2, 2, 3)); /* two fingers */
	assert_output(f, BYTES(0, 0, 0, 6, 0, 4, 2, 1, 0, 2, 0, 3));
}

/* The host does not read: movements go first, the rest later, an acknowledgement never. */
static void test_output_is_bounded(struct fixture *f, gconstpointer data)
{
	size_t half, full;

	(void)data;
	welcome(f);
	while (mtp_session_pointer(f->session, 1, 1, 0, 0))
		;
	mtp_session_output(f->session, &half);
	g_assert_cmpuint(half, <=, MTP_SESSION_OUTPUT / 2);
	while (mtp_session_key(f->session, 30, true))
		;
	mtp_session_output(f->session, &full);
	g_assert_cmpuint(full, >, half);
	g_assert_cmpuint(full, <, MTP_SESSION_OUTPUT);
	g_assert_true(mtp_session_feed(
	    f->session, BYTES(0, 0, 0, 11, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0)));
}

/* A second start forgets the first connection, half a message included. */
static void test_restart(struct fixture *f, gconstpointer data)
{
	const struct mtp_session_hello hello = {.grant = "G2", .model = "m"};

	(void)data;
	welcome(f);
	g_assert_true(mtp_session_feed(f->session, BYTES(0, 0, 0, 23, 0, 66, 0)));
	g_assert_true(mtp_session_start(f->session, &hello));
	g_assert_cmpuint(mtp_session_picture(f->session)->width, ==, 0);
	skip_output(f);
	g_assert_true(mtp_session_feed(f->session, BYTES(WELCOME)));
	g_assert_true(mtp_session_feed(
	    f->session, BYTES(0, 0, 0, 11, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0)));
}

/* WELCOME with token 9; 1: what was there still counts. */
#define WELCOME_TOKEN(resumed)                                                                     \
	0, 0, 0, 23, 0, 64, 0, 1, 0, 4, 0, 3, 0, 0, 0, 0, 127, 0, 1, 's', 0, 0, 0, 0, 0, 0, 0, 9,  \
	    resumed
/* A blue pixel at 1,1; the picture kept in cell 3; the picture recalled from there. */
#define BLUE                                                                                       \
	0, 0, 0, 23, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 255
#define KEEP 0, 0, 0, 22, 0, 66, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 1, 5, 0, 0, 0, 0, 0, 4, 0, 3, 0, 3
#define RECALL 0, 0, 0, 22, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 6, 0, 0, 0, 0, 0, 4, 0, 3, 0, 3

static uint8_t blue_at_1_1(const struct fixture *f)
{
	return mtp_session_picture(f->session)->pixels[(4 + 1) * 4 + 2];
}

/* Cut off and back: the host may go on where it stopped, or begin anew. */
static void test_resume(struct fixture *f, gconstpointer data)
{
	const struct mtp_session_hello hello = {.grant = "G2", .model = "m"};
	struct mtp_message message;
	struct mtp_frame frame = {.type = MTP_TYPE_HELLO};
	size_t n;

	(void)data;
	skip_output(f);
	g_assert_true(mtp_session_feed(f->session, BYTES(WELCOME_TOKEN(0))));
	g_assert_true(mtp_session_feed(f->session, BYTES(BLUE)));
	g_assert_true(mtp_session_feed(f->session, BYTES(KEEP)));
	/* The first try gets nowhere: that forgets nothing. */
	for (unsigned i = 0; i < 2; i++) {
		g_assert_true(mtp_session_start(f->session, &hello));
		g_assert_cmpuint(mtp_session_picture(f->session)->width, ==, 0);
		frame.payload = mtp_session_output(f->session, &n) + MTP_FRAME_HEADER;
		frame.size = n - MTP_FRAME_HEADER;
		g_assert_cmpint(mtp_message_decode(&message, MTP_BY_CLIENT, &frame), ==, MTP_OK);
		g_assert_cmpuint(message.hello.token, ==, 9);
		g_assert_cmpuint(message.hello.sequence, ==, 2);
		g_assert_cmpuint(message.hello.checksum, !=, 0);
	}
	skip_output(f);
	g_assert_true(mtp_session_feed(f->session, BYTES(WELCOME_TOKEN(1))));
	g_assert_cmpuint(mtp_session_picture(f->session)->width, ==, 4);
	g_assert_cmpuint(blue_at_1_1(f), ==, 255);
	g_assert_true(mtp_session_feed(f->session, BYTES(RECALL)));
	/* Anew: black, and no cell holds anything. */
	g_assert_true(mtp_session_start(f->session, &hello));
	g_assert_true(mtp_session_feed(f->session, BYTES(WELCOME_TOKEN(0))));
	g_assert_cmpuint(blue_at_1_1(f), ==, 0);
	g_assert_false(mtp_session_feed(f->session, BYTES(RECALL)));
	/* After an error nothing is offered, and a host that resumes lies. */
	g_assert_true(mtp_session_start(f->session, &hello));
	g_assert_false(mtp_session_feed(f->session, BYTES(WELCOME_TOKEN(1))));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(struct fixture *f, gconstpointer data);
	} tests[] = {
	    {"/session/hello", test_hello},
	    {"/session/hello-too-long", test_hello_too_long},
	    {"/session/welcome", test_welcome},
	    {"/session/solid-and-ack", test_solid_and_ack},
	    {"/session/copy-overlaps", test_copy_overlaps},
	    {"/session/palette", test_palette},
	    {"/session/zstd", test_zstd},
	    {"/session/zstd-wrong-size", test_zstd_wrong_size},
	    {"/session/jpeg-broken", test_jpeg_broken},
	    {"/session/tile-outside", test_tile_outside},
	    {"/session/tile-cut-off", test_tile_cut_off},
	    {"/session/sequence", test_sequence},
	    {"/session/frame-too-long", test_frame_too_long},
	    {"/session/not-welcome-first", test_not_welcome_first},
	    {"/session/screen-too-large", test_screen_too_large},
	    {"/session/screen", test_screen},
	    {"/session/unknown-is-skipped", test_unknown_is_skipped},
	    {"/session/repair", test_repair},
	    {"/session/resets-are-bounded", test_resets_are_bounded},
	    {"/session/bye", test_bye},
	    {"/session/input", test_input},
	    {"/session/touch", test_touch},
	    {"/session/output-is-bounded", test_output_is_bounded},
	    {"/session/restart", test_restart},
	    {"/session/resume", test_resume},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
