/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest that does its worst: another mode at each look, noise everywhere, the largest screens.
 * The viewer is served, and what it costs is bounded. */
#include "tests/mtp-server/decoder.h"
#include "mtp-server/screen.h"

#include <time.h>

struct fixture {
	int64_t now_us;
	unsigned width, height, takes;
	bool changes_mode;
	struct surface *surface;
	struct screen *screen;
	struct feed *feed;
	struct decoder decoder;
	uint32_t sequence;
	size_t largest; /* bytes of one update */
	uint8_t *buffer;
};

static void draw_noise(struct fixture *f, unsigned width, unsigned height)
{
	surface_free(f->surface);
	g_autofree uint32_t *pixels = g_new(uint32_t, (size_t)width * height);
	uint32_t noise = g_test_rand_int() | 1;
	for (size_t i = 0; i < (size_t)width * height; i++) {
		noise ^= noise << 13, noise ^= noise >> 17, noise ^= noise << 5;
		pixels[i] = noise;
	}
	f->surface = surface_new_copied(
	    pixels, (size_t)width * height * 4, width, height, width * 4, SURFACE_X8R8G8B8, NULL);
	g_assert_nonnull(f->surface);
}

static struct surface *take(void *data, struct rectangle *region)
{
	static const unsigned modes[][2] = {
	    {1, 1}, {640, 480}, {33, 2000}, {2000, 31}, {720, 1440}};
	struct fixture *f = data;
	const unsigned *mode = modes[f->takes++ % G_N_ELEMENTS(modes)];
	if (f->changes_mode)
		draw_noise(f, mode[0], mode[1]);
	*region = (struct rectangle){0, 0, f->surface->width, f->surface->height};
	return surface_ref(f->surface);
}

static int64_t now_us(void *data)
{
	return ((struct fixture *)data)->now_us;
}

static void resized(void *data, unsigned width, unsigned height)
{
	(void)data, (void)width, (void)height;
}

static void on_send(void *data, const void *bytes, size_t n)
{
	struct fixture *f = data;
	const uint8_t *in = bytes;
	struct mtp_deframer deframer;
	struct mtp_frame frame;
	struct mtp_message message;
	mtp_deframer_init(&deframer, f->buffer, MTP_MAX_TO_CLIENT);
	f->largest = MAX(f->largest, n);
	while (mtp_deframer_next(&deframer, &in, &n, &frame) == MTP_OK) {
		g_assert_cmpint(mtp_message_decode(&message, MTP_BY_SERVER, &frame), ==, MTP_OK);
		if (message.type == MTP_TYPE_SCREEN) {
			g_free(f->decoder.pixels);
			f->decoder.width = message.screen.width;
			f->decoder.height = message.screen.height;
			f->decoder.pixels =
			    g_new0(uint32_t, (size_t)f->decoder.width * f->decoder.height);
		} else if (message.type == MTP_TYPE_UPDATE) {
			f->sequence = message.update.sequence;
			decoder_update(&f->decoder, &message.update);
		}
	}
}

static bool is_free(void *data)
{
	(void)data;
	return true;
}

static struct fixture *set_up(unsigned width, unsigned height)
{
	static const struct screen_host host = {take, now_us, resized, NULL};
	static const struct feed_sink sink = {on_send, is_free, now_us};
	struct fixture *f = g_new0(struct fixture, 1);
	f->now_us = G_USEC_PER_SEC;
	f->buffer = g_malloc(MTP_FRAME_HEADER + MTP_MAX_TO_CLIENT);
	draw_noise(f, width, height);
	decoder_init(&f->decoder, width, height);
	f->screen = screen_new(width, height, &host, f);
	f->feed = feed_new(UINT32_MAX, screen_picture(f->screen), &sink, f);
	screen_add(f->screen, f->feed);
	return f;
}

static void tear_down(struct fixture *f)
{
	screen_remove(f->screen, f->feed);
	feed_free(f->feed);
	screen_free(f->screen);
	decoder_finish(&f->decoder);
	surface_free(f->surface);
	g_free(f->buffer);
	g_free(f);
}

static void run(struct fixture *f, int64_t us)
{
	f->now_us += us;
	screen_run(f->screen);
	g_assert_true(feed_acknowledge(f->feed, f->sequence));
}

/* 1,000 changes of the mode in a second: the pace looks at some of them. */
static void test_modes(void)
{
	struct fixture *f = set_up(64, 64);
	f->changes_mode = true;
	for (unsigned i = 0; i < 1000; i++) {
		screen_changed(f->screen);
		run(f, 1000);
	}
	g_assert_cmpuint(f->takes, <=, 65);
	g_assert_cmpuint(f->takes, >=, 10);
	/* Once it stops, its last picture is there. */
	f->changes_mode = false;
	screen_changed(f->screen);
	for (unsigned i = 0; i < 100; i++)
		run(f, 100000);
	g_assert_true(f->decoder.complete);
	decoder_assert_shows(&f->decoder, (const uint32_t *)(const void *)f->surface->pixels);
	tear_down(f);
}

/* Noise in each frame: no update is larger than one update may be, and none is the last. */
static void test_noise(unsigned width, unsigned height, unsigned frames, unsigned settle)
{
	struct fixture *f = set_up(width, height);
	for (unsigned i = 0; i < frames; i++) {
		draw_noise(f, width, height);
		screen_changed(f->screen);
		run(f, 20000);
	}
	g_assert_cmpuint(f->sequence, >=, frames);
	for (unsigned i = 0; i < settle; i++)
		run(f, 20000);
	/* 1 MiB, one tile more, and what keeps and recalls. */
	g_assert_cmpuint(f->largest, <, (3u << 20) / 2);
	if (settle) {
		g_assert_true(f->decoder.complete);
		decoder_assert_shows(
		    &f->decoder, (const uint32_t *)(const void *)f->surface->pixels);
	}
	tear_down(f);
}

static void test_noise_on_a_phone(void)
{
	test_noise(720, 1440, 20, 300);
}

static void test_noise_on_8k(void)
{
	test_noise(MTP_MAX_SIDE, MTP_MAX_SCREEN / MTP_MAX_SIDE, 2, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/hostile-guest/modes", test_modes);
	g_test_add_func("/hostile-guest/noise-on-a-phone", test_noise_on_a_phone);
	g_test_add_func("/hostile-guest/noise-on-8k", test_noise_on_8k);
	return g_test_run();
}
