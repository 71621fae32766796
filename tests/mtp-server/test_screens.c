/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several terminals of different sizes on one phone, on a virtual clock. */
#include "tests/mtp-server/decoder.h"
#include "mtp-server/adapt.h"
#include "mtp-server/screens.h"

#define MS 1000

struct fixture {
	struct screens *screens;
	struct surface *surface; /* what the display shows */
	struct rectangle region;
	int64_t now_us;
	unsigned comparisons; /* looks at the display */
};

/* A terminal at the other end of a perfect line. */
struct terminal {
	struct fixture *f;
	struct feed *feed;
	struct decoder decoder;
	uint32_t sequence;
	unsigned screens;
};

static struct surface *take(void *data, struct rectangle *region)
{
	struct fixture *f = data;
	*region = f->region;
	f->region = (struct rectangle){0};
	f->comparisons++;
	return f->surface ? surface_ref(f->surface) : NULL;
}

static int64_t now_us(void *data)
{
	return ((struct fixture *)data)->now_us;
}

static void resized(void *data, unsigned width, unsigned height)
{
	(void)data, (void)width, (void)height;
}

static void set_up(struct fixture *f, gconstpointer data)
{
	static const struct screen_host host = {.take = take, .now_us = now_us, .resized = resized};
	(void)data;
	f->now_us = 1000 * MS;
	f->screens = screens_new(360, 700, &host, f);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	screens_free(f->screens);
	surface_free(f->surface);
}

/* Squares of a few colours, as drawn surfaces have: nothing of them is sent by JPEG. */
static void draw(struct fixture *f, unsigned width, unsigned height, struct rectangle part)
{
	if (!f->surface || f->surface->width != width || f->surface->height != height) {
		size_t stride = width * 4;
		g_autofree uint8_t *black = g_malloc0(stride * height);
		surface_free(f->surface);
		f->surface = surface_new_copied(black, stride * height, width, height,
		    (uint32_t)stride, SURFACE_X8R8G8B8, NULL);
	}
	uint32_t *pixels = (uint32_t *)(void *)f->surface->copy;
	uint32_t colour = g_test_rand_int() & 0xffffff;
	for (unsigned y = part.y; y < part.y + part.height; y++)
		for (unsigned x = part.x; x < part.x + part.width; x++)
			pixels[y * width + x] = (x / 5 + y / 7) % 2 ? colour : 0xffffff;
	f->region = rectangle_union(f->region, part);
	screens_changed(f->screens);
}

static void on_send(void *data, const void *bytes, size_t n)
{
	struct terminal *t = data;
	static uint8_t buffer[MTP_FRAME_HEADER + MTP_MAX_TO_CLIENT];
	const uint8_t *at = bytes;
	struct mtp_deframer deframer;
	struct mtp_frame frame;
	struct mtp_message m;
	mtp_deframer_init(&deframer, buffer, MTP_MAX_TO_CLIENT);
	while (mtp_deframer_next(&deframer, &at, &n, &frame) == MTP_OK) {
		if (mtp_message_decode(&m, MTP_BY_SERVER, &frame) != MTP_OK)
			continue;
		if (m.type == MTP_TYPE_SCREEN) {
			decoder_finish(&t->decoder);
			decoder_init(&t->decoder, m.screen.width, m.screen.height);
			t->screens++;
		} else if (m.type == MTP_TYPE_UPDATE) {
			decoder_update(&t->decoder, &m.update);
			t->sequence = m.update.sequence;
		}
	}
}

static bool is_free(void *data)
{
	(void)data;
	return true;
}

static int64_t on_now(void *data)
{
	return now_us(((struct terminal *)data)->f);
}

static struct terminal *join(struct fixture *f, struct adapt_wish wish)
{
	static const struct feed_sink sink = {
	    .send = on_send, .is_free = is_free, .now_us = on_now};
	struct terminal *t = g_new0(struct terminal, 1);
	const struct picture *picture = screens_picture(f->screens, &wish);
	t->f = f;
	decoder_init(&t->decoder, picture->width, picture->height);
	t->feed = feed_new(
	    1 << MTP_TILE_SOLID | 1 << MTP_TILE_PALETTE | 1 << MTP_TILE_ZSTD | 1 << MTP_TILE_COPY,
	    picture, &sink, t);
	screens_add(f->screens, t->feed, &wish);
	return t;
}

static void leave(struct terminal *t)
{
	screens_remove(t->f->screens, t->feed);
	feed_free(t->feed);
	decoder_finish(&t->decoder);
	g_free(t);
}

/* Lets time pass until nothing is due any more; everybody acknowledges at once. */
static void settle(struct fixture *f, struct terminal **terminals, unsigned n)
{
	for (unsigned i = 0; i < 1000; i++) {
		int64_t due = screens_due(f->screens);
		if (due == SCREEN_NEVER)
			return;
		f->now_us = MAX(f->now_us, due) + 1;
		screens_run(f->screens);
		for (unsigned k = 0; k < n; k++)
			feed_acknowledge(terminals[k]->feed, terminals[k]->sequence);
	}
	g_assert_not_reached();
}

/* Shows it what the phone shows, brought to its size in one go? */
static void assert_shows(struct fixture *f, struct terminal *t)
{
	const struct picture *own = screens_look(f->screens);
	const struct adapt_fit *fit = screens_fit(f->screens, t->feed);
	g_assert_cmpuint(t->decoder.width, ==, fit->width);
	g_assert_cmpuint(t->decoder.height, ==, fit->height);
	AUTO(adapt) whole = adapt_new(fit);
	struct block_set all;
	block_set_init(&all, own->width, own->height);
	adapt_damage(whole, own, &all);
	block_set_finish(&all);
	decoder_assert_shows(
	    &t->decoder, (const uint32_t *)(const void *)adapt_surface(whole)->pixels);
}

static const struct adapt_wish as_it_is = {0};
static const struct adapt_wish small = {180, 350, 0, MTP_SCALING_EXACT};
static const struct adapt_wish turned = {300, 180, 3, MTP_SCALING_SHRINK};

static void test_sizes(struct fixture *f, gconstpointer data)
{
	(void)data;
	struct terminal *t[] = {join(f, as_it_is), join(f, small), join(f, turned), join(f, small)};
	g_assert_cmpuint(screens_scaled(f->screens), ==, 2);
	g_assert_cmpint(screens_due(f->screens), ==, SCREEN_NEVER); /* nothing shown yet */
	draw(f, 360, 700, (struct rectangle){0, 0, 360, 700});
	settle(f, t, 4);
	for (unsigned i = 0; i < 30; i++) {
		struct rectangle part = {(unsigned)g_test_rand_int_range(0, 300),
		    (unsigned)g_test_rand_int_range(0, 600), 60, 100};
		draw(f, 360, 700, part);
		f->comparisons = 0;
		settle(f, t, 4);
		g_assert_cmpuint(f->comparisons, ==, 1); /* for four terminals */
		for (unsigned k = 0; k < 4; k++)
			assert_shows(f, t[k]);
	}
	for (unsigned k = 0; k < 4; k++)
		leave(t[k]);
	g_assert_cmpuint(screens_scaled(f->screens), ==, 0);
}

/* Nobody looks at the phone's own size: it is compared all the same, and not served. */
static void test_scaled_only(struct fixture *f, gconstpointer data)
{
	(void)data;
	draw(f, 360, 700, (struct rectangle){0, 0, 360, 700});
	struct terminal *t = join(f, small);
	settle(f, &t, 1);
	assert_shows(f, t);
	draw(f, 360, 700, (struct rectangle){100, 100, 3, 3});
	settle(f, &t, 1);
	assert_shows(f, t);
	leave(t);
}

static void test_phone_mode(struct fixture *f, gconstpointer data)
{
	(void)data;
	draw(f, 360, 700, (struct rectangle){0, 0, 360, 700});
	struct terminal *t[] = {join(f, as_it_is), join(f, small), join(f, turned)};
	settle(f, t, 3);
	static const unsigned modes[][2] = {{700, 360}, {180, 350}, {64, 64}, {360, 700}};
	for (unsigned i = 0; i < G_N_ELEMENTS(modes); i++) {
		draw(f, modes[i][0], modes[i][1],
		    (struct rectangle){0, 0, modes[i][0], modes[i][1]});
		settle(f, t, 3);
		for (unsigned k = 0; k < 3; k++)
			assert_shows(f, t[k]);
	}
	for (unsigned k = 0; k < 3; k++)
		leave(t[k]);
}

/* Turned a thousand times a second: some ten a second are followed, and the last one. */
static void test_restless(struct fixture *f, gconstpointer data)
{
	(void)data;
	draw(f, 360, 700, (struct rectangle){0, 0, 360, 700});
	struct terminal *t = join(f, as_it_is);
	settle(f, &t, 1);
	for (unsigned i = 0; i <= 1000; i++) {
		const struct adapt_wish wish = {200 + i % 100, 300, i % 4, MTP_SCALING_EXACT};
		f->now_us += MS;
		screens_wish(f->screens, t->feed, &wish);
		if (screens_due(f->screens) <= f->now_us)
			screens_run(f->screens);
		feed_acknowledge(t->feed, t->sequence);
		g_assert_cmpuint(screens_scaled(f->screens), <=, 1);
	}
	settle(f, &t, 1);
	g_assert_cmpuint(t->screens, <=, 12);
	g_assert_cmpuint(t->decoder.width, ==, 200);
	assert_shows(f, t);
	screens_wish(f->screens, t->feed, &as_it_is);
	settle(f, &t, 1);
	g_assert_cmpuint(t->decoder.width, ==, 360);
	assert_shows(f, t);
	leave(t);
}

/* More sizes than we are willing to draw: the rest scale for themselves. */
static void test_too_many(struct fixture *f, gconstpointer data)
{
	(void)data;
	draw(f, 360, 700, (struct rectangle){0, 0, 360, 700});
	struct terminal *t[SCREENS_SCALED_MAX + 2];
	unsigned n = G_N_ELEMENTS(t);
	for (unsigned i = 0; i < n; i++)
		t[i] = join(f, (struct adapt_wish){100 + i, 200, 0, MTP_SCALING_EXACT});
	settle(f, t, n);
	g_assert_cmpuint(screens_scaled(f->screens), ==, SCREENS_SCALED_MAX);
	g_assert_cmpuint(t[n - 1]->decoder.width, ==, 360);
	for (unsigned i = 0; i < n; i++)
		assert_shows(f, t[i]);
	/* One goes; who asks again gets its place. */
	leave(t[0]);
	screens_wish(
	    f->screens, t[n - 1]->feed, &(struct adapt_wish){90, 200, 0, MTP_SCALING_EXACT});
	settle(f, t + 1, n - 1);
	g_assert_cmpuint(t[n - 1]->decoder.width, ==, 90);
	for (unsigned i = 1; i < n; i++) {
		assert_shows(f, t[i]);
		leave(t[i]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name)                                                                                  \
	g_test_add("/screens/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	ADD(sizes);
	ADD(scaled_only);
	ADD(phone_mode);
	ADD(restless);
	ADD(too_many);
	return g_test_run();
}
