/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures in motion, made here, through the whole path. */
#include "bench/screen/replay.h"

#include <math.h>
#include <string.h>

#include "bench/screen/score.h"
#include "mtp-server/video.h"

enum { WIDTH = 256, HEIGHT = 384, FRAMES = 30, FRAME_US = 33000, LINE = 288 };

/* Hills that move, by half a pixel a frame, and a line of text that does not. */
static void draw(struct ppm *ppm, unsigned n)
{
	for (unsigned y = 0; y < HEIGHT; y++)
		for (unsigned x = 0; x < WIDTH; x++) {
			uint8_t *rgb = ppm->rgb + (y * WIDTH + x) * 3;
			double a = sin((x + n * 0.5) / 9) + sin((y - n * 0.7) / 13);
			double grain = (x * 7919 + y * 104729) % 23;
			rgb[0] = (uint8_t)(120 + 40 * a + grain);
			rgb[1] = (uint8_t)(130 + 30 * a + grain);
			rgb[2] = (uint8_t)(90 + 20 * a + grain);
			if (y >= LINE && y < LINE + 32)
				memset(rgb, x % 7 < 2 && y % 16 < 11 ? 0x20 : 0xf0, 3);
		}
}

static double psnr_now(
    const struct replay *replay, const struct ppm *frame, unsigned from, unsigned to)
{
	unsigned width, height;
	const uint8_t *rgba = terminal_pixels(replay_terminal(replay), &width, &height);
	struct ppm part = {
	    .width = WIDTH, .height = to - from, .rgb = frame->rgb + from * WIDTH * 3};
	struct score score = {0};
	g_assert_cmpuint(height, ==, HEIGHT);
	score_add(&score, &part, rgba + from * WIDTH * 4, WIDTH, to - from);
	return score_psnr(&score);
}

static void test_motion(void)
{
	static const struct mtp_terminal as_it_is = {0};
	struct simulated_link_options none = {0};
	AUTO(replay) replay = replay_new(WIDTH, HEIGHT, &as_it_is, &none, 0);
	struct ppm frame = {.width = WIDTH, .height = HEIGHT, .rgb = g_malloc(WIDTH * HEIGHT * 3)};
	uint64_t first = 0;
	for (unsigned n = 0; n < FRAMES; n++) {
		draw(&frame, n);
		g_assert_true(replay_frame(replay, n * FRAME_US, &frame, NULL));
		g_assert_cmpfloat(psnr_now(replay, &frame, 0, HEIGHT), >, 30);
		/* Text over the picture is exact at any time. */
		g_assert_true(isinf(psnr_now(replay, &frame, LINE, LINE + 32)));
		if (!n)
			first = replay_counters(replay).bytes;
	}
	uint64_t tiles = terminal_counters(replay_terminal(replay)).videos;
	uint64_t bytes = replay_counters(replay).bytes - first;
	if (video_is_possible() && tiles) {
		g_assert_cmpuint(tiles, >=, FRAMES - 2);
		g_assert_cmpuint(bytes, <, (uint64_t)FRAMES * WIDTH * HEIGHT * 3 / 30);
	} else {
		g_test_message("built without a codec: JPEG");
	}
	/* Quiet: as good as exact within two seconds. */
	g_assert_true(replay_run(replay, (FRAMES - 1) * FRAME_US + 2000000, NULL));
	g_assert_cmpfloat(psnr_now(replay, &frame, 0, LINE), >=, 45);
	g_assert_true(isinf(psnr_now(replay, &frame, LINE, LINE + 32)));
	bytes = replay_counters(replay).bytes;
	g_assert_true(replay_run(replay, (FRAMES * FRAME_US) + 9000000, NULL));
	g_assert_cmpuint(replay_counters(replay).bytes, ==, bytes);
	/* Who stays has it exactly, and then nothing is sent. */
	g_assert_true(replay_run(replay, (FRAMES * FRAME_US) + 60000000, NULL));
	g_assert_true(isinf(psnr_now(replay, &frame, 0, HEIGHT)));
	bytes = replay_counters(replay).bytes;
	g_assert_true(replay_run(replay, (FRAMES * FRAME_US) + 68000000, NULL));
	g_assert_cmpuint(replay_counters(replay).bytes, ==, bytes);
	/* And again, after it had stopped. */
	for (unsigned n = 0; n < 5; n++) {
		draw(&frame, FRAMES + n);
		g_assert_true(replay_frame(replay, 80000000 + n * FRAME_US, &frame, NULL));
		g_assert_cmpfloat(psnr_now(replay, &frame, 0, HEIGHT), >, 30);
	}
	ppm_finish(&frame);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/bench-screen/video/motion", test_motion);
	return g_test_run();
}
