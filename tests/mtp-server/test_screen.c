/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A screen and one viewer on a virtual clock: whatever the phone does, and however seldom the
 * viewer acknowledges, what it is told to be complete is the phone's picture. */
#include "tests/mtp-server/decoder.h"
#include "mtp-server/screen.h"

enum { WIDTH = 300, HEIGHT = 420, ALL = 255, NO_CELLS = 31 };

struct fixture {
	int64_t now_us;
	uint32_t pixels[HEIGHT * WIDTH];
	struct screen *screen;
	struct feed *feed;
	struct decoder decoder;
	uint32_t sequence; /* of the last update */
	size_t bytes;      /* since the last look */
};

static struct surface *take(void *data, struct rectangle *region)
{
	struct fixture *f = data;
	*region = (struct rectangle){0, 0, WIDTH, HEIGHT};
	return surface_new_copied(
	    f->pixels, sizeof f->pixels, WIDTH, HEIGHT, WIDTH * 4, SURFACE_X8R8G8B8, NULL);
}

static int64_t now_us(void *data)
{
	return ((struct fixture *)data)->now_us;
}

static void on_send(void *data, const void *bytes, size_t n)
{
	struct fixture *f = data;
	const uint8_t *in = bytes;
	g_autofree uint8_t *buffer = g_malloc(MTP_FRAME_HEADER + MTP_MAX_TO_CLIENT);
	struct mtp_deframer deframer;
	struct mtp_frame frame;
	struct mtp_message message;
	mtp_deframer_init(&deframer, buffer, MTP_MAX_TO_CLIENT);
	f->bytes += n;
	while (mtp_deframer_next(&deframer, &in, &n, &frame) == MTP_OK) {
		g_assert_cmpint(mtp_message_decode(&message, MTP_BY_SERVER, &frame), ==, MTP_OK);
		if (message.type != MTP_TYPE_UPDATE)
			continue;
		g_assert_cmpuint(message.update.sequence, ==, f->sequence + 1);
		f->sequence++;
		decoder_update(&f->decoder, &message.update);
	}
}

static bool is_free(void *data)
{
	(void)data;
	return true;
}

static struct fixture *set_up(uint32_t codecs)
{
	static const struct screen_host host = {.take = take, .now_us = now_us};
	static const struct feed_sink sink = {on_send, is_free, now_us};
	struct fixture *f = g_new0(struct fixture, 1);
	f->now_us = G_USEC_PER_SEC;
	decoder_init(&f->decoder, WIDTH, HEIGHT);
	f->screen = screen_new(WIDTH, HEIGHT, &host, f);
	f->feed = feed_new(codecs, screen_picture(f->screen), &sink, f);
	screen_add(f->screen, f->feed);
	return f;
}

static void tear_down(struct fixture *f)
{
	screen_remove(f->screen, f->feed);
	feed_free(f->feed);
	screen_free(f->screen);
	decoder_finish(&f->decoder);
	g_free(f);
}

static void run(struct fixture *f, int ms)
{
	f->now_us += ms * 1000;
	screen_run(f->screen);
}

static void acknowledge(struct fixture *f)
{
	g_assert_true(feed_acknowledge(f->feed, f->sequence));
}

/* Until nothing is owed and all is exact, which takes its time. */
static void settle(struct fixture *f)
{
	for (unsigned i = 0; i < 400; i++) {
		acknowledge(f);
		run(f, 100);
	}
	g_assert_true(f->decoder.complete);
	decoder_assert_shows(&f->decoder, f->pixels);
}

static size_t show(struct fixture *f)
{
	f->bytes = 0;
	screen_changed(f->screen);
	settle(f);
	return f->bytes;
}

static uint32_t ink(unsigned page, int x, int y)
{
	uint32_t a = (uint32_t)(x + 9999) * 2654435761u ^ (uint32_t)(y + 9999) * 2246822519u;
	a = (a ^ a >> 15) * (2 * page + 3266489917u);
	if (page % 4 == 3) /* a photograph */
		return ((uint32_t)x * 2 & 255) << 16 | ((uint32_t)(x + y) & 255) << 8 | (a & 31);
	return a >> 30 ? 0xffffff : page * 0x1f1f1f & 0xffffff;
}

static void draw(struct fixture *f, struct rectangle r, unsigned page, int dx, int dy)
{
	for (unsigned y = 0; y < r.height; y++)
		for (unsigned x = 0; x < r.width; x++)
			f->pixels[(r.y + y) * WIDTH + r.x + x] =
			    ink(page, (int)x - dx, (int)y - dy);
}

static const struct rectangle everything = {0, 0, WIDTH, HEIGHT};

/* Mean squared error of what the viewer shows, in hundredths. */
static uint64_t error_of(const struct fixture *f)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
		for (unsigned shift = 0; shift < 24; shift += 8) {
			int shown = (int)(f->decoder.pixels[i] >> shift & 255);
			int is = (int)(f->pixels[i] >> shift & 255);
			sum += (uint64_t)((shown - is) * (shown - is));
		}
	return sum * 100 / (3 * WIDTH * HEIGHT);
}

/* A photograph comes roughly, is as good as exact within two seconds, and exact when one stays. */
static void test_refined(void)
{
	struct fixture *f = set_up(ALL);
	for (unsigned i = 0; i < WIDTH * HEIGHT; i++) {
		unsigned x = i % WIDTH, y = i / WIDTH, grain = ink(3, (int)x, (int)y) & 15;
		f->pixels[i] = (x / 2 + grain) << 16 | (y / 2 + grain) << 8 | (100 + grain);
	}
	screen_changed(f->screen);
	run(f, 20);
	g_assert_cmpuint(error_of(f), >, 205);
	for (unsigned i = 0; i < 20; i++) {
		acknowledge(f);
		run(f, 99);
	}
	size_t fine = f->bytes;
	g_assert_cmpuint(error_of(f), >, 0);
	g_assert_cmpuint(error_of(f), <=, 205); /* 45 dB */
	settle(f);
	g_assert_cmpuint(f->bytes - fine, >, fine / 2);
	tear_down(f);
}

/* A pop-up, and what was under it; another window, and back. */
static void test_comes_back(void)
{
	struct fixture *f = set_up(ALL), *without = set_up(NO_CELLS);
	struct rectangle menu = {70, 50, 150, 200};
	draw(f, everything, 1, 0, 0);
	size_t first = show(f);
	draw(f, menu, 2, 0, 0);
	show(f);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_KEEP], ==, 1);
	draw(f, everything, 1, 0, 0);
	size_t closed = show(f);
	draw(f, menu, 2, 0, 0);
	size_t opened = show(f);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_RECALL], >=, 2);
	/* Header, fields of UPDATE, one or two tiles of 11 bytes. */
	g_assert_cmpuint(closed, <=, 6 + 11 + 2 * 11);
	g_assert_cmpuint(opened, <=, 6 + 11 + 2 * 11);
	draw(f, everything, 3, 0, 0); /* photograph: kept exactly, once refined */
	show(f);
	draw(f, everything, 1, 0, 0);
	g_assert_cmpuint(show(f), <, first / 20);
	draw(f, everything, 3, 0, 0);
	g_assert_cmpuint(show(f), <, first / 20);
	/* A terminal that has no cells gets pixels. */
	memcpy(without->pixels, f->pixels, sizeof f->pixels);
	show(without);
	g_assert_cmpuint(without->decoder.tiles[MTP_TILE_KEEP], ==, 0);
	tear_down(f);
	tear_down(without);
}

/* The stream is cut and comes back, as of the update that the viewer got last. */
static struct memory *leave(struct fixture *f)
{
	static const struct feed_sink sink = {on_send, is_free, now_us};
	struct memory *memory =
	    feed_leave(f->feed, screen_picture(f->screen), "session", f->now_us);
	screen_remove(f->screen, f->feed);
	feed_free(f->feed);
	f->feed = feed_new(ALL, screen_picture(f->screen), &sink, f);
	f->sequence = 0;
	return memory;
}

static void come_back(struct fixture *f, struct memory *memory, uint32_t sequence)
{
	feed_resume(f->feed, screen_picture(f->screen), memory, sequence);
	memory_free(memory);
	screen_add(f->screen, f->feed);
}

static void test_resume(void)
{
	struct fixture *f = set_up(ALL);
	struct rectangle menu = {70, 50, 150, 200};
	draw(f, everything, 1, 0, 0);
	size_t first = show(f);
	draw(f, menu, 2, 0, 0);
	show(f);
	uint32_t sequence = f->sequence;
	/* All is there: the first update says so. */
	come_back(f, leave(f), sequence);
	g_assert_cmpuint(show(f), <=, 6 + 11);
	g_assert_cmpuint(f->sequence, ==, 1);
	/* The menu was closed meanwhile; the cells are as they were. */
	struct memory *memory = leave(f);
	draw(f, everything, 1, 0, 0);
	come_back(f, memory, 1);
	g_assert_cmpuint(show(f), <=, 6 + 11 + 2 * 11);
	/* It did not get the last update. */
	sequence = f->sequence;
	uint32_t *shown = g_memdup2(f->decoder.pixels, sizeof f->pixels);
	draw(f, (struct rectangle){0, 0, WIDTH, 64}, 5, 0, 0);
	show(f);
	memory = leave(f);
	memcpy(f->decoder.pixels, shown, sizeof f->pixels);
	g_free(shown);
	come_back(f, memory, sequence);
	g_assert_cmpuint(show(f), <, first / 3);
	tear_down(f);
}

static void test_memories(void)
{
	struct memories memories;
	memories_init(&memories);
	for (unsigned i = 0; i < MEMORIES_MAX + 1; i++) {
		struct memory *m = g_new0(struct memory, 1);
		m->token = i + 1;
		m->session = g_strdup("s");
		m->updates[3] = (struct memory_update){7, 70};
		m->left_us = i;
		memories_add(&memories, m);
	}
	memories_add(&memories, NULL);
	/* Too many before it; another session; nothing; no such token. */
	g_assert_null(memories_take(&memories, "s", &(struct mtp_place){1, 70, 7}));
	g_assert_null(memories_take(&memories, "t", &(struct mtp_place){2, 70, 7}));
	g_assert_null(memories_take(&memories, "s", &(struct mtp_place){0, 70, 7}));
	g_assert_null(memories_take(&memories, "s", &(struct mtp_place){99, 70, 7}));
	struct memory *m = memories_take(&memories, "s", &(struct mtp_place){2, 70, 7});
	g_assert_nonnull(m);
	memory_free(m);
	/* Once only; not with another sum or place, and then it is gone. */
	g_assert_null(memories_take(&memories, "s", &(struct mtp_place){2, 70, 7}));
	g_assert_null(memories_take(&memories, "s", &(struct mtp_place){3, 71, 7}));
	g_assert_null(memories_take(&memories, "s", &(struct mtp_place){3, 70, 7}));
	g_assert_null(memories_take(&memories, "s", &(struct mtp_place){4, 0, 0}));
	memories_tick(&memories, MEMORY_US + MEMORIES_MAX);
	g_assert_cmpuint(memories.list->len, ==, 1);
	memories_tick(&memories, MEMORY_US + MEMORIES_MAX + 1);
	g_assert_cmpuint(memories.list->len, ==, 0);
	memories_finish(&memories);
}

/* More than the cells hold. */
static void test_many(void)
{
	struct fixture *f = set_up(ALL);
	for (unsigned i = 0; i < 40; i++) {
		draw(f, everything, i % 15, 0, 0);
		show(f);
	}
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_KEEP], >, 10);
	tear_down(f);
}

/* What the viewer has learnt goes bad: it notices, says REPAIR, and is shown everything again. */
static void test_repair(void)
{
	struct fixture *f = set_up(ALL);
	draw(f, everything, 1, 0, 0);
	show(f);
	f->decoder.may_lose = true;
	f->decoder.drawn->colours.differences[0][255] ^= 1 << 20;
	for (int i = 0; !f->decoder.out_of_step; i++) {
		g_assert_cmpint(i, <, 10000);
		draw(f, (struct rectangle){32, 32, 90, 60}, 1, i % 7, i);
		screen_changed(f->screen);
		acknowledge(f);
		run(f, 100);
	}
	feed_repair(f->feed);
	screen_changed(f->screen);
	settle(f);
	g_assert_false(f->decoder.out_of_step);
	/* It goes on, and keeps no cell that may be wrong. */
	draw(f, everything, 2, 0, 0);
	show(f);
	draw(f, everything, 1, 0, 0);
	show(f);
	tear_down(f);
}

static struct rectangle random_part(void)
{
	unsigned x = (unsigned)g_test_rand_int_range(0, WIDTH - 1);
	unsigned y = (unsigned)g_test_rand_int_range(0, HEIGHT - 1);
	return (struct rectangle){x, y, (unsigned)g_test_rand_int_range(1, (int)(WIDTH - x)),
	    (unsigned)g_test_rand_int_range(1, (int)(HEIGHT - y))};
}

/* Windows, scrolls, photographs and small changes in any order, and a viewer that lags behind. */
static void test_anything(void)
{
	struct fixture *f = set_up(ALL);
	struct rectangle page = everything;
	unsigned which = 0;
	int scrolled = 0;
	for (unsigned i = 0; i < 400; i++) {
		switch (g_test_rand_int_range(0, 6)) {
		case 0:
			which = (unsigned)g_test_rand_int_range(0, 6);
			page = g_test_rand_int_range(0, 2) ? everything : random_part();
			scrolled = 0;
			break;
		case 1:
			draw(f, random_part(), (unsigned)g_test_rand_int_range(0, 6), 0, 0);
			break;
		case 2:
			feed_refresh(f->feed);
			break;
		default:
			scrolled += g_test_rand_int_range(-40, 40);
		}
		draw(f, page, which, 0, scrolled);
		screen_changed(f->screen);
		if (!g_test_rand_int_range(0, 3))
			acknowledge(f);
		run(f, g_test_rand_int_range(1, 600));
		if (!g_test_rand_int_range(0, 20))
			settle(f);
	}
	settle(f);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_COPY], >, 10);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_RECALL], >, 10);
	tear_down(f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/screen/refined", test_refined);
	g_test_add_func("/screen/comes-back", test_comes_back);
	g_test_add_func("/screen/resume", test_resume);
	g_test_add_func("/screen/memories", test_memories);
	g_test_add_func("/screen/many", test_many);
	g_test_add_func("/screen/repair", test_repair);
	g_test_add_func("/screen/anything", test_anything);
	return g_test_run();
}
