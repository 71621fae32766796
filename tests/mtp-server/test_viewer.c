/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A viewer at one end of a socket pair, a terminal of the test at the other. */
#include "tests/mtp-server/decoder.h"

#include <sys/socket.h>
#include <unistd.h>

#include "mtp-server/viewer.h"

enum { WIDTH = 256, HEIGHT = 512 };

struct fixture {
	struct picture picture;
	struct viewer *viewer;
	struct tiling *tiling;
	struct decoder decoder;
	struct mtp_deframer deframer;
	uint8_t *buffer, *room;
	GArray *types; /* of all messages that came */
	int fd;
	uint32_t sequence;
	uint16_t bye;
	unsigned wants, inputs, terminals;
	bool closed;
};

static void on_input(struct viewer *viewer, const struct mtp_message *message, void *data)
{
	(void)viewer, (void)message;
	((struct fixture *)data)->inputs++;
}

static void on_terminal(struct viewer *viewer, const struct mtp_terminal *terminal, void *data)
{
	(void)viewer;
	((struct fixture *)data)->terminals += terminal->rotation;
}

static void on_wants(struct viewer *viewer, void *data)
{
	(void)viewer;
	((struct fixture *)data)->wants++;
}

static void on_closed(struct viewer *viewer, void *data)
{
	(void)viewer;
	((struct fixture *)data)->closed = true;
}

static void set_up(struct fixture *f, gconstpointer may_input)
{
	static const struct viewer_events events = {
	    .input = on_input, .terminal = on_terminal, .wants = on_wants, .closed = on_closed};
	int pair[2];
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), ==, 0);
	f->fd = pair[0];
	picture_init(&f->picture, WIDTH, HEIGHT);
	decoder_init(&f->decoder, WIDTH, HEIGHT);
	f->buffer = g_malloc(MTP_FRAME_HEADER + MTP_MAX_TO_CLIENT);
	f->room = g_malloc(4 << 20);
	f->types = g_array_new(FALSE, FALSE, sizeof(uint16_t));
	mtp_deframer_init(&f->deframer, f->buffer, MTP_MAX_TO_CLIENT);
	f->tiling = tiling_new();
	struct viewer_options options = {
	    .session = "s", .version = 1, .codecs = 255, .may_input = may_input == NULL};
	f->viewer = viewer_new(pair[1], &options, &f->picture, NULL, &events, f);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	viewer_free(f->viewer);
	tiling_free(f->tiling);
	picture_finish(&f->picture);
	decoder_finish(&f->decoder);
	g_array_unref(f->types);
	g_free(f->buffer);
	g_free(f->room);
	close(f->fd);
}

static void loop(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static void on_frame(struct fixture *f, const struct mtp_frame *frame)
{
	struct mtp_message m;
	g_assert_cmpint(mtp_message_decode(&m, MTP_BY_SERVER, frame), ==, MTP_OK);
	g_array_append_val(f->types, frame->type);
	if (m.type == MTP_TYPE_UPDATE) {
		g_assert_cmpuint(m.update.sequence, ==, f->sequence + 1);
		f->sequence = m.update.sequence;
		decoder_update(&f->decoder, &m.update);
	} else if (m.type == MTP_TYPE_BYE) {
		f->bye = m.bye.code;
	}
}

/* Takes all that has come; returns how many messages. */
static unsigned take(struct fixture *f)
{
	uint8_t bytes[4096];
	unsigned before = f->types->len;
	ssize_t n;
	do {
		loop();
		n = read(f->fd, bytes, sizeof bytes);
		const uint8_t *at = bytes;
		size_t left = n > 0 ? (size_t)n : 0;
		struct mtp_frame frame;
		while (mtp_deframer_next(&f->deframer, &at, &left, &frame) == MTP_OK)
			on_frame(f, &frame);
	} while (n > 0);
	return f->types->len - before;
}

static void say(struct fixture *f, const struct mtp_message *message)
{
	uint8_t bytes[4096];
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	mtp_message_encode(message, &w);
	g_assert_cmpint(write(f->fd, bytes, w.size), ==, (ssize_t)w.size);
	loop();
}

static void acknowledge(struct fixture *f, uint32_t sequence)
{
	say(f, &(struct mtp_message){.type = MTP_TYPE_ACK, .ack = {.sequence = sequence}});
}

static void update(struct fixture *f)
{
	feed_update(
	    viewer_feed(f->viewer), &f->picture, f->tiling, NULL, mtp_writer_of(f->room, 4 << 20));
}

static void change(struct fixture *f, uint32_t colour)
{
	struct block_set damage;
	block_set_init(&damage, WIDTH, HEIGHT);
	block_set_add(&damage, 1, 1);
	for (unsigned y = 32; y < 64; y++)
		for (unsigned x = 32; x < 64; x++)
			f->picture.now[y * WIDTH + x] = colour;
	feed_damage(viewer_feed(f->viewer), &f->picture, &damage, NULL);
	block_set_finish(&damage);
}

static void test_flow_control(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_assert_cmpuint(take(f), ==, 1);
	g_assert_cmpuint(g_array_index(f->types, uint16_t, 0), ==, MTP_TYPE_WELCOME);
	update(f);
	g_assert_cmpuint(take(f), ==, 1);
	g_assert_true(f->decoder.complete);
	update(f);
	g_assert_cmpuint(take(f), ==, 0); /* nothing is owed */
	change(f, 1);
	update(f);
	g_assert_cmpuint(take(f), ==, 1);
	/* Two are on their way: a hundred changes are one, the last. */
	for (uint32_t i = 2; i < 100; i++) {
		change(f, i);
		g_assert_false(feed_is_ready(viewer_feed(f->viewer)));
		update(f);
	}
	g_assert_cmpuint(take(f), ==, 0);
	f->wants = 0;
	acknowledge(f, 1);
	g_assert_cmpuint(f->wants, ==, 1);
	g_assert_true(feed_is_ready(viewer_feed(f->viewer)));
	update(f);
	g_assert_cmpuint(take(f), ==, 1);
	g_assert_cmphex(f->decoder.pixels[40 * WIDTH + 40], ==, 99);
	g_assert_cmpuint(feed_counters(viewer_feed(f->viewer)).frames, ==, 3);
}

/* Who does not read its stream: one update lies in the queue and not one more. */
static void test_no_reader(struct fixture *f, gconstpointer data)
{
	(void)data;
	for (unsigned round = 0; round < 50; round++) {
		for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++)
			f->picture.now[i] = g_test_rand_int() & 0xffffff;
		struct block_set damage;
		block_set_init(&damage, WIDTH, HEIGHT);
		block_set_fill(&damage);
		feed_damage(viewer_feed(f->viewer), &f->picture, &damage, NULL);
		block_set_finish(&damage);
		update(f);
		loop();
		/* Acknowledged unread, by a liar: the queue does not grow all the same. */
		acknowledge(f, (uint32_t)feed_counters(viewer_feed(f->viewer)).frames);
	}
	uint64_t frames = feed_counters(viewer_feed(f->viewer)).frames;
	g_assert_cmpuint(frames, >=, 1);
	g_assert_cmpuint(frames, <, 10);
	take(f);
	g_assert_cmpuint(f->sequence, ==, frames);
	update(f);
	take(f);
	g_assert_true(f->decoder.complete);
}

static void test_scroll(struct fixture *f, gconstpointer data)
{
	(void)data;
	for (size_t i = 0; i < (size_t)WIDTH * HEIGHT; i++)
		f->picture.now[i] = (uint32_t)(i / WIDTH);
	update(f);
	take(f);
	acknowledge(f, 1);
	struct motion motion = {
	    .copies = {{.target = {0, 0, WIDTH, 256}, .source_y = 100}}, .count = 1};
	struct block_set damage;
	block_set_init(&damage, WIDTH, HEIGHT);
	block_set_init(&motion.rest, WIDTH, HEIGHT);
	block_set_add_rectangle(&damage, motion.copies[0].target);
	memmove(f->picture.now, f->picture.now + 100 * WIDTH, 256 * WIDTH * 4);
	feed_damage(viewer_feed(f->viewer), &f->picture, &damage, &motion);
	update(f);
	take(f);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_COPY], ==, 1);
	decoder_assert_shows(&f->decoder, f->picture.now);
	/* Owed something in the source: it is owed where it has been copied to. */
	change(f, 0x777777);
	motion.copies[0].source_y = 20;
	memmove(f->picture.now, f->picture.now + 20 * WIDTH, 256 * WIDTH * 4);
	feed_damage(viewer_feed(f->viewer), &f->picture, &damage, &motion);
	update(f);
	take(f);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_COPY], ==, 2);
	decoder_assert_shows(&f->decoder, f->picture.now);
	block_set_finish(&damage);
	block_set_finish(&motion.rest);
}

static void test_screen(struct fixture *f, gconstpointer data)
{
	(void)data;
	update(f);
	take(f);
	picture_finish(&f->picture);
	picture_init(&f->picture, 100, 50);
	feed_screen(viewer_feed(f->viewer), &f->picture);
	take(f);
	g_assert_cmpuint(g_array_index(f->types, uint16_t, f->types->len - 1), ==, MTP_TYPE_SCREEN);
	decoder_finish(&f->decoder);
	decoder_init(&f->decoder, 100, 50);
	update(f);
	g_assert_cmpuint(take(f), ==, 1);
	g_assert_true(f->decoder.complete);
}

static void test_input(struct fixture *f, gconstpointer data)
{
	(void)data;
	say(f, &(struct mtp_message){.type = MTP_TYPE_POINTER});
	say(f, &(struct mtp_message){.type = MTP_TYPE_TOUCH});
	say(f, &(struct mtp_message){.type = MTP_TYPE_KEY});
	g_assert_cmpuint(f->inputs, ==, 3);
	viewer_pause(f->viewer, true);
	say(f, &(struct mtp_message){.type = MTP_TYPE_KEY});
	g_assert_cmpuint(f->inputs, ==, 3);
	viewer_pause(f->viewer, false);
	loop();
	g_assert_cmpuint(f->inputs, ==, 4);
	say(f, &(struct mtp_message){.type = MTP_TYPE_PING, .ping = {.nonce = 7}});
	take(f);
	g_assert_cmpuint(g_array_index(f->types, uint16_t, f->types->len - 1), ==, MTP_TYPE_PONG);
	/* A type from the future is skipped. */
	g_assert_cmpint(write(f->fd, "\0\0\0\2\x12\x34hi", 8), ==, 8);
	say(f, &(struct mtp_message){.type = MTP_TYPE_KEY});
	g_assert_cmpuint(f->inputs, ==, 5);
}

static void test_looks_only(struct fixture *f, gconstpointer data)
{
	(void)data;
	say(f, &(struct mtp_message){.type = MTP_TYPE_KEY});
	say(f, &(struct mtp_message){.type = MTP_TYPE_TERMINAL, .terminal = {.rotation = 3}});
	g_assert_cmpuint(f->inputs, ==, 0);
	g_assert_cmpuint(f->terminals, ==, 3); /* who looks may turn what he sees */
}

static void check_ends(struct fixture *f, uint16_t bye)
{
	take(f);
	g_assert_cmpuint(f->bye, ==, bye);
	g_assert_true(f->closed);
}

static void test_malformed(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_assert_cmpint(write(f->fd, "\0\0\0\1\0\3x", 7), ==, 7);
	check_ends(f, MTP_BYE_PROTOCOL);
}

static void test_too_long(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_assert_cmpint(write(f->fd, "\0\0\x20\1\0\3", 6), ==, 6);
	check_ends(f, MTP_BYE_PROTOCOL);
}

static void test_wrong_ack(struct fixture *f, gconstpointer data)
{
	(void)data;
	acknowledge(f, 1);
	check_ends(f, MTP_BYE_PROTOCOL);
}

static void test_silence(struct fixture *f, gconstpointer data)
{
	(void)data;
	int64_t now = g_get_monotonic_time();
	viewer_tick(f->viewer, now + 44 * G_USEC_PER_SEC);
	take(f);
	g_assert_cmpuint(f->bye, ==, 0);
	viewer_tick(f->viewer, now + 46 * G_USEC_PER_SEC);
	check_ends(f, MTP_BYE_TIMEOUT);
}

static void test_end(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *reason = g_strnfill(1000, 'x');
	viewer_bye(f->viewer, MTP_BYE_ENDED, reason);
	check_ends(f, MTP_BYE_ENDED);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, data)                                                                            \
	g_test_add("/viewer/" #name, struct fixture, data, set_up, test_##name, tear_down)
	ADD(flow_control, NULL);
	ADD(no_reader, NULL);
	ADD(scroll, NULL);
	ADD(screen, NULL);
	ADD(input, NULL);
	ADD(looks_only, "");
	ADD(malformed, NULL);
	ADD(too_long, NULL);
	ADD(wrong_ack, NULL);
	ADD(silence, NULL);
	ADD(end, NULL);
	return g_test_run();
}
