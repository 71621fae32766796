/* SPDX-License-Identifier: MIT */
/* Tiles in updates, as byte literals: what they draw, and which are refused. */
#include "tests/client-core/session_fixture.h"

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

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(struct fixture *f, gconstpointer data);
	} tests[] = {
	    {"/session/solid-and-ack", test_solid_and_ack},
	    {"/session/copy-overlaps", test_copy_overlaps},
	    {"/session/palette", test_palette},
	    {"/session/zstd", test_zstd},
	    {"/session/zstd-wrong-size", test_zstd_wrong_size},
	    {"/session/jpeg-broken", test_jpeg_broken},
	    {"/session/tile-outside", test_tile_outside},
	    {"/session/tile-cut-off", test_tile_cut_off},
	    {"/session/repair", test_repair},
	    {"/session/resets-are-bounded", test_resets_are_bounded},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
