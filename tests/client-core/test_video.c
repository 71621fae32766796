/* SPDX-License-Identifier: MIT */
/* Pictures in motion: decoded at once, later, or not at all. */
#include <glib.h>
#include <string.h>

#include "tests/client-core/h264_seed.h"
#include "mtp-client/core/session.h"
#include "mtp/tile.h"

enum { SIDE = 64 };

struct fixture {
	struct mtp_codecs codecs;
	struct mtp_session *session;
	uint32_t sequence;
};

static enum mtp_decode decode_later(void *context, bool key, unsigned width, unsigned height,
    const uint8_t *in, size_t n, struct mtp_i420 *picture)
{
	(void)context, (void)key, (void)in, (void)n, (void)picture;
	g_assert_cmpuint(width, ==, SIDE);
	g_assert_cmpuint(height, ==, SIDE);
	return MTP_DECODE_LATER;
}

static void add(GByteArray *bytes, const struct mtp_message *message)
{
	uint8_t room[1024];
	struct mtp_writer w = mtp_writer_of(room, sizeof room);

	mtp_message_encode(message, &w);
	g_assert_false(w.failed);
	g_byte_array_append(bytes, room, (guint)w.size);
}

/* Two tiles: of H264, and red over its corner. */
static void add_update(struct fixture *f, GByteArray *bytes, struct mtp_tile tile)
{
	uint8_t room[512];
	struct mtp_writer w = mtp_writer_of(room, sizeof room);
	struct mtp_tile red = {.width = 2, .height = 2, .colour = {200, 0, 0}};

	tile.kind = MTP_TILE_H264;
	tile.width = tile.height = SIDE;
	mtp_tile_write(&tile, SIDE, SIDE, &w);
	mtp_tile_write(&red, SIDE, SIDE, &w);
	add(bytes, &(struct mtp_message){.type = MTP_TYPE_UPDATE,
	               .update = {.sequence = ++f->sequence,
	                   .flags = MTP_UPDATE_COMPLETE,
	                   .count = 2,
	                   .tiles = {room, w.size}}});
}

static const struct mtp_tile key = {
    .flags = MTP_VIDEO_KEY, .data = h264_key, .size = sizeof h264_key};
static const struct mtp_tile delta = {.flags = MTP_VIDEO_MASK,
    .mask = (const uint8_t *)"\xa0",
    .data = h264_delta,
    .size = sizeof h264_delta};

static void begin(struct fixture *f, bool later)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	const struct mtp_session_hello hello = {.grant = "g", .model = "m"};

	g_assert_true(mtp_codecs_init(&f->codecs));
	if (later)
		f->codecs.h264_decode = decode_later;
	f->session = mtp_session_new(
	    &(struct mtp_session_options){.max_pixels = SIDE * SIDE, .codecs = &f->codecs});
	g_assert_true(mtp_session_start(f->session, &hello));
	add(bytes, &(struct mtp_message){.type = MTP_TYPE_WELCOME,
	               .welcome = {.version = 1, .width = SIDE, .height = SIDE}});
	g_assert_true(mtp_session_feed(f->session, bytes->data, bytes->len));
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	mtp_session_free(f->session);
	mtp_codecs_finish(&f->codecs);
}

static void assert_pixel(const struct fixture *f, unsigned x, unsigned y, int red, int green)
{
	const uint8_t *p = mtp_session_picture(f->session)->pixels + (y * SIDE + x) * 4;

	g_assert_cmpint(ABS(p[0] - red), <=, 4);
	g_assert_cmpint(ABS(p[1] - green), <=, 4);
}

static void test_now(struct fixture *f, gconstpointer data)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	(void)data;
	begin(f, false);
	if (!f->codecs.h264_decode) {
		g_test_skip("built without OpenH264");
		return;
	}
	add_update(f, bytes, key);
	add_update(f, bytes, delta);
	g_assert_true(mtp_session_feed(f->session, bytes->data, bytes->len));
	g_assert_false(mtp_session_waiting(f->session));
	assert_pixel(f, 0, 0, 200, 0);
	assert_pixel(f, 10, 10, 90, 90);
	assert_pixel(f, 40, 10, 128, 128); /* masked */
	assert_pixel(f, 10, 40, 128, 128);
}

/* The rest of what was fed waits, in order; nothing is acknowledged before it is shown. */
static void test_later(struct fixture *f, gconstpointer data)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	uint8_t memory[SIDE * SIDE * 3 / 2];
	struct mtp_i420 planes = mtp_i420_of(memory, SIDE, SIDE);
	size_t before, after;

	(void)data;
	begin(f, true);
	mtp_session_output(f->session, &before);
	add_update(f, bytes, key);
	add_update(f, bytes, delta);
	g_assert_true(mtp_session_feed(f->session, bytes->data, bytes->len));
	g_assert_true(mtp_session_waiting(f->session));
	g_assert_false(mtp_session_complete(f->session));
	mtp_session_output(f->session, &after);
	g_assert_cmpuint(before, ==, after);
	assert_pixel(f, 0, 0, 0, 0);

	memset(memory, 128, sizeof memory);
	g_assert_true(mtp_session_decoded(f->session, &planes));
	g_assert_true(mtp_session_waiting(f->session)); /* for the second */
	g_assert_true(mtp_session_complete(f->session));
	assert_pixel(f, 0, 0, 200, 0);
	assert_pixel(f, 10, 10, 128, 128);
	memset(memory, 90, SIDE * SIDE);
	g_assert_true(mtp_session_decoded(f->session, &planes));
	g_assert_false(mtp_session_waiting(f->session));
	assert_pixel(f, 0, 0, 200, 0);
	assert_pixel(f, 10, 40, 90, 90);
	assert_pixel(f, 40, 10, 128, 128);
	g_assert_cmpuint(mtp_session_counters(f->session)->updates, ==, 2);
	g_assert_false(mtp_session_decoded(f->session, &planes)); /* nobody asked */
}

static void test_never(struct fixture *f, gconstpointer data)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	(void)data;
	begin(f, true);
	add_update(f, bytes, key);
	g_assert_true(mtp_session_feed(f->session, bytes->data, bytes->len));
	g_assert_false(mtp_session_decoded(f->session, NULL));
	g_assert_cmpint(mtp_session_code(f->session), ==, MTP_BYE_PROTOCOL);
	/* And a new connection begins anew. */
	g_assert_true(
	    mtp_session_start(f->session, &(struct mtp_session_hello){.grant = "g", .model = "m"}));
	g_assert_false(mtp_session_waiting(f->session));
}

static void test_impatient(struct fixture *f, gconstpointer data)
{
	g_autoptr(GByteArray) bytes = g_byte_array_new();

	(void)data;
	begin(f, true);
	add_update(f, bytes, key);
	g_assert_true(mtp_session_feed(f->session, bytes->data, bytes->len));
	g_assert_false(mtp_session_feed(f->session, bytes->data, bytes->len));
	g_assert_false(mtp_session_waiting(f->session));
}

/* What a hostile host may try: none gets as far as the decoder. */
static void test_hostile(void)
{
	static const struct mtp_tile tiles[] = {
	    {.data = h264_delta, .size = sizeof h264_delta}, /* no key before */
	    {.flags = MTP_VIDEO_KEY, .data = h264_delta, .size = sizeof h264_delta}, /* is none */
	    {.flags = MTP_VIDEO_KEY, .data = h264_key, .size = 30}, /* no picture in it */
	    {.flags = MTP_VIDEO_KEY, .data = (const uint8_t *)"x", .size = 1},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(tiles); i++) {
		struct fixture f = {0};
		g_autoptr(GByteArray) bytes = g_byte_array_new();

		begin(&f, true);
		add_update(&f, bytes, tiles[i]);
		g_assert_false(mtp_session_feed(f.session, bytes->data, bytes->len));
		g_assert_cmpint(mtp_session_code(f.session), ==, MTP_BYE_PROTOCOL);
		tear_down(&f, NULL);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add("/video/" #name, struct fixture, NULL, NULL, test_##name, tear_down)
	ADD(now);
	ADD(later);
	ADD(never);
	ADD(impatient);
	g_test_add_func("/video/hostile", test_hostile);
	return g_test_run();
}
