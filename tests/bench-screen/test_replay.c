/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures made here, through the whole path. */
#include "bench/screen/adapted.h"
#include "bench/screen/replay.h"

#include <math.h>
#include <string.h>

#include "bench/screen/score.h"

enum { WIDTH = 200, HEIGHT = 300, FRAMES = 30, FRAME_MS = 5 };

/* Lines of something like text, `top` pixels down a long page. */
static void draw_page(struct ppm *ppm, unsigned top)
{
	for (unsigned y = 0; y < ppm->height; y++)
		for (unsigned x = 0; x < ppm->width; x++) {
			unsigned line = y + top, ink = (line * 2654435761u ^ x * 40503u) >> 8;
			bool text = line % 20 < 12 && ink % 3 == 0;
			memset(ppm->rgb + ((size_t)y * ppm->width + x) * 3, text ? 0 : 255, 3);
		}
}

static struct ppm ppm_new(unsigned width, unsigned height)
{
	return (struct ppm){
	    .width = width, .height = height, .rgb = g_malloc((size_t)width * height * 3)};
}

static double psnr_now(const struct replay *replay, const struct ppm *frame)
{
	unsigned width, height;
	const uint8_t *rgba = terminal_pixels(replay_terminal(replay), &width, &height);
	struct score score = {0};
	score_add(&score, frame, rgba, width, height);
	return score_psnr(&score);
}

static const struct mtp_terminal as_it_is = {0};

/* No limit: every frame is there at its own time, though they come faster than the pace. */
static void test_exact(void)
{
	struct simulated_link_options none = {0};
	AUTO(replay) replay = replay_new(WIDTH, HEIGHT, &as_it_is, &none, 0);
	struct ppm page = ppm_new(WIDTH, HEIGHT);
	for (unsigned i = 0; i < FRAMES; i++) {
		draw_page(&page, i * 7);
		g_assert_true(replay_frame(replay, i * FRAME_MS * 1000, &page, NULL));
		g_assert_true(isinf(psnr_now(replay, &page)));
	}
	g_assert_cmpuint(terminal_counters(replay_terminal(replay)).copies, >=, FRAMES - 2);
	/* Another mode. */
	ppm_finish(&page);
	page = ppm_new(HEIGHT, WIDTH);
	draw_page(&page, 0);
	g_assert_true(replay_frame(replay, G_USEC_PER_SEC, &page, NULL));
	g_assert_true(isinf(psnr_now(replay, &page)));
	/* Nothing happens: nothing is sent. */
	uint64_t bytes = replay_counters(replay).bytes;
	g_assert_true(replay_run(replay, 10 * G_USEC_PER_SEC, NULL));
	g_assert_cmpuint(replay_counters(replay).bytes, ==, bytes);
	ppm_finish(&page);
}

/* On a terminal of another size, turned: what the filter gives, in time. */
static void test_adapted(void)
{
	struct simulated_link_options none = {0};
	const struct mtp_terminal small = {
	    .width = 320, .height = 200, .rotation = 1, .scaling = MTP_SCALING_EXACT};
	AUTO(replay) replay = replay_new(WIDTH, HEIGHT, &small, &none, 0);
	struct ppm page = ppm_new(WIDTH, HEIGHT), adapted;
	for (unsigned i = 0; i < FRAMES; i++) {
		draw_page(&page, i * 7);
		g_assert_true(replay_frame(replay, i * FRAME_MS * 1000, &page, NULL));
		adapted_frame(&page, &small, &adapted);
		g_assert_cmpuint(adapted.width, ==, 320);
		g_assert_cmpfloat(psnr_now(replay, &adapted), >, 30); /* perhaps by JPEG */
		ppm_finish(&adapted);
	}
	g_assert_true(replay_run(replay, 10 * G_USEC_PER_SEC, NULL));
	adapted_frame(&page, &small, &adapted);
	g_assert_true(isinf(psnr_now(replay, &adapted)));
	ppm_finish(&adapted);
	ppm_finish(&page);
}

/* A thin one that loses packets: late, in order, and whole once the phone is quiet. */
static void test_thin(void)
{
	struct simulated_link_options thin = {.kbps = 64, .rtt_ms = 600, .loss = 0.02, .seed = 7};
	AUTO(replay) replay = replay_new(WIDTH, HEIGHT, &as_it_is, &thin, 0);
	struct ppm page = ppm_new(WIDTH, HEIGHT);
	for (unsigned i = 0; i < FRAMES; i++) {
		draw_page(&page, i * 7);
		g_assert_true(replay_frame(replay, i * FRAME_MS * 1000, &page, NULL));
	}
	g_assert_false(isinf(psnr_now(replay, &page)));
	g_assert_true(replay_run(replay, 60 * G_USEC_PER_SEC, NULL));
	g_assert_true(isinf(psnr_now(replay, &page)));
	ppm_finish(&page);
}

/* The link alone: rate, delay, order. */
static void test_link(void)
{
	struct simulated_link_options options = {.kbps = 1000, .rtt_ms = 100, .loss = 0.3};
	AUTO(simulated_link) link = simulated_link_new(&options);
	enum { BYTES = 100000 };
	g_autofree uint8_t *sent = g_malloc(BYTES);
	for (unsigned i = 0; i < BYTES; i++)
		sent[i] = (uint8_t)(i * 7 + i / 256);
	simulated_link_send(link, 0, sent, BYTES);
	g_assert_cmpint(simulated_link_due(link), >=, 50000 + 11000);
	int64_t now = 0;
	for (unsigned at = 0; at < BYTES;) {
		g_assert_cmpint(simulated_link_due(link), >=, now);
		now = simulated_link_due(link);
		g_autoptr(GBytes) bytes = simulated_link_receive(link, now);
		size_t n;
		const void *data = g_bytes_get_data(bytes, &n);
		g_assert_cmpmem(data, n, sent + at, n);
		at += (unsigned)n;
	}
	/* 0.8 s for the bytes, 0.35 s for those sent again, the delay. */
	g_assert_cmpint(now, >, 850000);
	g_assert_cmpint(now, <, 2000000);
	g_assert_cmpint(simulated_link_due(link), ==, SIMULATED_LINK_NEVER);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/replay/exact", test_exact);
	g_test_add_func("/replay/adapted", test_adapted);
	g_test_add_func("/replay/thin", test_thin);
	g_test_add_func("/replay/link", test_link);
	return g_test_run();
}
