/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libFuzzer target: a terminal that says anything to viewer.c while the phone draws. Each byte of
 * the input is a step: the phone draws, an update is sent, the terminal says a whole message
 * (REPAIR and REFRESH among them), or bytes of the input as they are. A viewer that is still there
 * at the end shows the phone's picture to the pixel, once it has been acknowledged.
 */
#include "tests/mtp-server/decoder.h"

#include <sys/socket.h>
#include <unistd.h>

#include "mtp-server/viewer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIDE = 96, ROOM = 1 << 20, ROUNDS = 64 };
#define EXACT_CODECS (255 & ~(1u << MTP_TILE_JPEG))

struct fuzz {
	struct picture picture;
	struct viewer *viewer;
	struct tiling *tiling;
	struct decoder decoder;
	struct mtp_deframer deframer;
	uint8_t *buffer, *room;
	int fd;
	uint32_t sequence;
	bool closed;
};

static void on_input(struct viewer *viewer, const struct mtp_message *message, void *data)
{
	(void)viewer, (void)message, (void)data;
}

static void on_terminal(struct viewer *viewer, const struct mtp_terminal *terminal, void *data)
{
	(void)viewer, (void)terminal, (void)data;
}

static void on_read(struct viewer *viewer, uint32_t id, void *data)
{
	(void)data;
	static const uint8_t word[] = {1, 0, 1, 0, 2, 0, 3, 0, 4, 0, 2, 'h', 'i'};
	viewer_words(viewer, id, MTP_WORDS_READ, word, sizeof word);
}

static void on_wants(struct viewer *viewer, void *data)
{
	(void)viewer, (void)data;
}

static void on_closed(struct viewer *viewer, void *data)
{
	(void)viewer;
	((struct fuzz *)data)->closed = true;
}

static void loop(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

/* Takes what has come from the server, which says nothing but MTP. */
static void take(struct fuzz *f)
{
	uint8_t bytes[16384];
	ssize_t n;
	loop();
	while ((n = read(f->fd, bytes, sizeof bytes)) > 0) {
		const uint8_t *at = bytes;
		size_t left = (size_t)n;
		struct mtp_frame frame;
		struct mtp_message m;
		while (mtp_deframer_next(&f->deframer, &at, &left, &frame) == MTP_OK) {
			g_assert_cmpint(mtp_message_decode(&m, MTP_BY_SERVER, &frame), ==, MTP_OK);
			if (m.type != MTP_TYPE_UPDATE)
				continue;
			g_assert_cmpuint(m.update.sequence, ==, f->sequence + 1);
			f->sequence = m.update.sequence;
			decoder_update(&f->decoder, &m.update);
		}
		loop();
	}
}

static void say_bytes(struct fuzz *f, const uint8_t *bytes, size_t n)
{
	/* Whatever the socket does not take is lost: it is the terminal's. */
	if (!f->closed)
		(void)!send(f->fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
	loop();
}

static void say(struct fuzz *f, const struct mtp_message *message)
{
	uint8_t bytes[512];
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	mtp_message_encode(message, &w);
	say_bytes(f, bytes, w.size);
}

static void update(struct fuzz *f)
{
	if (!f->closed)
		feed_update(viewer_feed(f->viewer), &f->picture, f->tiling, NULL,
		    mtp_writer_of(f->room, ROOM));
	take(f);
}

/* A block of text or noise, by the step's number. */
static void draw(struct fuzz *f, unsigned step)
{
	struct block_set damage;
	unsigned column = step % 3, row = step / 3 % 3;
	block_set_init(&damage, SIDE, SIDE);
	block_set_add(&damage, column, row);
	picture_block_changes(&f->picture, column, row);
	for (unsigned y = row * BLOCK; y < (row + 1) * BLOCK; y++)
		for (unsigned x = column * BLOCK; x < (column + 1) * BLOCK; x++)
			f->picture.now[y * SIDE + x] = step & 64 ? (x * y * step * 2654435761u) >> 8
			                                         : ((x ^ y) & step ? 0 : 0xffffff);
	if (!f->closed)
		feed_damage(viewer_feed(f->viewer), &f->picture, &damage, NULL);
	block_set_finish(&damage);
}

static void say_message(struct fuzz *f, unsigned which)
{
	static const struct mtp_message messages[] = {
	    {.type = MTP_TYPE_REPAIR},
	    {.type = MTP_TYPE_REFRESH},
	    {.type = MTP_TYPE_READ, .read = {7}},
	    {.type = MTP_TYPE_PING, .ping = {1}},
	    {.type = MTP_TYPE_TERMINAL, .terminal = {.width = 9, .mode = MTP_MODE_TAKE}},
	    {.type = MTP_TYPE_TOUCH, .touch = {.slot = 9, .x = 65535}},
	    {.type = MTP_TYPE_KEY, .key = {.code = 65535, .down = 1}},
	};
	if (which < G_N_ELEMENTS(messages))
		say(f, &messages[which]);
	else
		say(f,
		    &(struct mtp_message){.type = MTP_TYPE_ACK, .ack = {.sequence = f->sequence}});
}

static void set_up(struct fuzz *f)
{
	static const struct viewer_events events = {.input = on_input,
	    .terminal = on_terminal,
	    .read = on_read,
	    .wants = on_wants,
	    .closed = on_closed};
	int pair[2];
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), ==, 0);
	f->fd = pair[0];
	picture_init(&f->picture, SIDE, SIDE);
	decoder_init(&f->decoder, SIDE, SIDE);
	f->buffer = g_malloc(MTP_FRAME_HEADER + MTP_MAX_TO_CLIENT);
	f->room = g_malloc(ROOM);
	mtp_deframer_init(&f->deframer, f->buffer, MTP_MAX_TO_CLIENT);
	f->tiling = tiling_new();
	struct viewer_options options = {
	    .session = "s", .version = 1, .codecs = EXACT_CODECS, .may_input = true};
	f->viewer = viewer_new(pair[1], &options, &f->picture, NULL, &events, f);
}

static void tear_down(struct fuzz *f)
{
	viewer_free(f->viewer);
	tiling_free(f->tiling);
	picture_finish(&f->picture);
	decoder_finish(&f->decoder);
	g_free(f->buffer);
	g_free(f->room);
	close(f->fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz f = {0};
	set_up(&f);
	bool raw = false;
	for (size_t i = 0; i < size && !f.closed; i++) {
		unsigned step = data[i] >> 2;
		if ((data[i] & 3) == 0)
			draw(&f, step | 64 * (i % 2));
		else if ((data[i] & 3) == 1)
			update(&f);
		else if ((data[i] & 3) == 2)
			say_message(&f, step % 8);
		else if (step && i + step < size) {
			say_bytes(&f, data + i + 1, step);
			raw = true;
			i += step;
		}
	}
	/* Half a message may wait for its rest: then acknowledgements are part of it. */
	for (unsigned i = 0; i < ROUNDS && !raw && !f.closed; i++) {
		update(&f);
		say_message(&f, UINT_MAX);
	}
	if (!raw && !f.closed && f.sequence) {
		g_assert_true(f.decoder.complete);
		decoder_assert_shows(&f.decoder, f.picture.now);
	}
	tear_down(&f);
	loop();
	return 0;
}
