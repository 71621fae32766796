/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/video_area.h"

#include <glib.h>
#include <string.h>

enum { WIDTH = 320, HEIGHT = 480, FRAME_MS = 33 };

struct fixture {
	struct picture picture;
	struct block_set damage;
	struct video_area video;
};

static void set_up(struct fixture *f, gconstpointer data)
{
	(void)data;
	picture_init(&f->picture, WIDTH, HEIGHT);
	block_set_init(&f->damage, WIDTH, HEIGHT);
	video_area_init(&f->video, WIDTH, HEIGHT);
	f->picture.time_ms = 1000;
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	picture_finish(&f->picture);
	block_set_finish(&f->damage);
	video_area_finish(&f->video);
}

/* Something like leaves, `n` frames on. */
static uint32_t leaves(unsigned x, unsigned y, unsigned n)
{
	unsigned grain = (x * 7919 + y * 104729 + n * 31) % 61;
	return (80 + x % 64 + grain) << 16 | (90 + y % 64 + grain) << 8 | (40 + grain);
}

/* Black strokes on white. */
static uint32_t text(unsigned x, unsigned y, unsigned n)
{
	return (x + n) % 9 < 2 && y % 16 < 11 ? 0x101010 : 0xffffff;
}

static void draw(struct fixture *f, struct rectangle r, unsigned n,
    uint32_t (*pixel)(unsigned x, unsigned y, unsigned n))
{
	for (unsigned y = r.y; y < r.y + r.height; y++)
		for (unsigned x = r.x; x < r.x + r.width; x++)
			f->picture.now[y * WIDTH + x] = pixel(x, y, n);
	block_set_add_rectangle(&f->damage, r);
}

static void note(struct fixture *f, unsigned after_ms)
{
	f->picture.time_ms += after_ms;
	video_area_note(&f->video, &f->picture, &f->damage);
	block_set_clear(&f->damage);
}

static void assert_area(const struct fixture *f, struct rectangle r)
{
	g_assert_cmpuint(f->video.area.x, ==, r.x);
	g_assert_cmpuint(f->video.area.y, ==, r.y);
	g_assert_cmpuint(f->video.area.width, ==, r.width);
	g_assert_cmpuint(f->video.area.height, ==, r.height);
}

static void test_content(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_assert_cmpint(video_content(&f->picture, 0, 0), ==, VIDEO_DRAWN);
	draw(f, (struct rectangle){0, 0, 32, 32}, 0, leaves);
	g_assert_cmpint(video_content(&f->picture, 0, 0), ==, VIDEO_PHOTOGRAPH);
	draw(f, (struct rectangle){0, 0, 32, 32}, 0, text);
	g_assert_cmpint(video_content(&f->picture, 0, 0), ==, VIDEO_DRAWN);
	/* A line of text in a corner, black surface else. */
	memset(f->picture.now, 0, sizeof(uint32_t) * WIDTH * HEIGHT);
	draw(f, (struct rectangle){20, 26, 12, 6}, 0, text);
	g_assert_cmpint(video_content(&f->picture, 0, 0), ==, VIDEO_DRAWN);
}

/* A film in a page: found when it moves, and not when something is drawn; forgotten when it stops.
 */
static void test_film(struct fixture *f, gconstpointer data)
{
	(void)data;
	struct rectangle film = {64, 96, 128, 96}, page = {0, 256, WIDTH, 64};
	draw(f, film, 0, leaves);
	note(f, 0);
	assert_area(f, (struct rectangle){0}); /* a still picture */
	draw(f, film, 1, leaves);
	note(f, 500);
	assert_area(f, (struct rectangle){0}); /* another */
	for (unsigned n = 2; n < 20; n++) {
		draw(f, film, n, leaves);
		draw(f, page, n, text);
		note(f, FRAME_MS);
		assert_area(f, film);
	}
	/* Something else moves in between, not for long enough to count. */
	draw(f, (struct rectangle){256, 0, 32, 32}, 0, leaves);
	note(f, 100);
	assert_area(f, film);
	draw(f, page, 0, text);
	note(f, 20000);
	assert_area(f, (struct rectangle){0});
}

/* Half the screen at once is motion, and then the area is the screen. */
static void test_sudden(struct fixture *f, gconstpointer data)
{
	(void)data;
	draw(f, (struct rectangle){0, 0, WIDTH, HEIGHT * 3 / 4}, 0, leaves);
	note(f, 0);
	assert_area(f, (struct rectangle){0, 0, WIDTH, HEIGHT});
}

static void test_grows(struct fixture *f, gconstpointer data)
{
	(void)data;
	for (unsigned n = 0; n < 3; n++) {
		draw(f, (struct rectangle){0, 0, 128, 128}, n, leaves);
		note(f, FRAME_MS);
	}
	assert_area(f, (struct rectangle){0, 0, 128, 128});
	for (unsigned n = 0; n < 3; n++) {
		draw(f, (struct rectangle){64, 64, 128, 128}, n, leaves);
		note(f, FRAME_MS);
	}
	assert_area(f, (struct rectangle){0, 0, 192, 192});
}

/* Video has even sides: a column that is cut off at an odd edge stays out. */
static void test_odd(void)
{
	struct fixture f = {0};
	picture_init(&f.picture, WIDTH + 1, HEIGHT - 1);
	block_set_init(&f.damage, WIDTH + 1, HEIGHT - 1);
	video_area_init(&f.video, WIDTH + 1, HEIGHT - 1);
	for (unsigned i = 0; i < (WIDTH + 1) * (HEIGHT - 1); i++)
		f.picture.now[i] = leaves(i % (WIDTH + 1), i / (WIDTH + 1), 0);
	block_set_fill(&f.damage);
	note(&f, 0);
	assert_area(&f, (struct rectangle){0, 0, WIDTH, HEIGHT - 32});
	tear_down(&f, NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name)                                                                                  \
	g_test_add(                                                                                \
	    "/mtp-server/video-area/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	ADD(content);
	ADD(film);
	ADD(sudden);
	ADD(grows);
	g_test_add_func("/mtp-server/video-area/odd", test_odd);
	return g_test_run();
}
