/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who asks what is written is told, once; the process that reads is played here. */
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mtp-server/text_layer.h"

static char a[] = "a", b[] = "b"; /* who ask */

struct fixture {
	struct text_layer *layer;
	struct picture picture;
	bool dark; /* no picture yet */
	unsigned wanted;
	int reader; /* our end */
	GString *answers;
	unsigned answered;
};

static void on_wants(void *data)
{
	((struct fixture *)data)->wanted++;
}

static const struct picture *on_look(void *data)
{
	struct fixture *f = data;
	return f->dark ? NULL : &f->picture;
}

static void on_answer(void *asker, uint32_t id, enum mtp_words_status status, const uint8_t *words,
    size_t n, void *data)
{
	struct fixture *f = data;
	g_string_append_printf(f->answers, "%s %u %d %.*s\n", (char *)asker, id, (int)status,
	    (int)n, (const char *)words);
	f->answered++;
}

static void set_up(struct fixture *f, gconstpointer data)
{
	static const struct text_layer_events events = {
	    .wants_process = on_wants, .look = on_look, .answer = on_answer};
	(void)data;
	picture_init(&f->picture, 40, 30);
	f->picture.version = 1;
	f->answers = g_string_new(NULL);
	f->reader = -1;
	f->layer = text_layer_new(&events, f);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	text_layer_free(f->layer);
	picture_finish(&f->picture);
	if (f->reader >= 0)
		close(f->reader);
	g_string_free(f->answers, TRUE);
}

static void give(struct fixture *f)
{
	int pair[2];
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
	f->reader = pair[0];
	text_layer_give(f->layer, pair[1]);
}

/* The reader's part: takes a request of the fixture's screen. */
static void take_request(struct fixture *f)
{
	struct text_layer_request request;
	uint8_t bytes[sizeof request + 40 * 30 * 4];
	size_t n = 0;
	while (n < sizeof bytes) {
		g_main_context_iteration(NULL, FALSE);
		ssize_t got = recv(f->reader, bytes + n, sizeof bytes - n, MSG_DONTWAIT);
		if (got > 0)
			n += (size_t)got;
	}
	memcpy(&request, bytes, sizeof request);
	g_assert_cmpuint(request.width, ==, 40);
	g_assert_cmpuint(request.height, ==, 30);
}

static void reply(struct fixture *f, uint32_t size, const char *words)
{
	g_assert_cmpint(send(f->reader, &size, sizeof size, 0), ==, sizeof size);
	g_assert_cmpint(send(f->reader, words, strlen(words), 0), ==, (ssize_t)strlen(words));
}

static void until_answered(struct fixture *f, unsigned n, const char *answers)
{
	while (f->answered < n)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpstr(f->answers->str, ==, answers);
	g_string_truncate(f->answers, 0);
	f->answered = 0;
}

static void test_reading(struct fixture *f, gconstpointer data)
{
	(void)data;
	text_layer_ask(f->layer, a, 1);
	text_layer_ask(f->layer, b, 7);
	g_assert_cmpuint(f->wanted, ==, 1);
	give(f);
	take_request(f);
	text_layer_ask(f->layer, a, 2); /* of what is there now, which may be more */
	f->picture.version = 2;
	reply(f, 5, "words");
	until_answered(f, 2, "a 1 0 words\nb 7 0 words\n");
	take_request(f); /* a second later */
	reply(f, 4, "more");
	until_answered(f, 1, "a 2 0 more\n");
	/* Nothing has changed: nothing is read. */
	text_layer_ask(f->layer, b, 8);
	until_answered(f, 1, "b 8 0 more\n");
	g_assert_cmpuint(f->wanted, ==, 1);
}

static void test_nobody_reads(struct fixture *f, gconstpointer data)
{
	(void)data;
	text_layer_ask(f->layer, a, 1);
	text_layer_refuse(f->layer);
	until_answered(f, 1, "a 1 1 \n");
	f->dark = true;
	text_layer_ask(f->layer, a, 2);
	until_answered(f, 1, "a 2 2 \n");
}

static void test_process_dies(struct fixture *f, gconstpointer data)
{
	(void)data;
	text_layer_ask(f->layer, a, 1);
	give(f);
	take_request(f);
	close(f->reader);
	f->reader = -1;
	until_answered(f, 1, "a 1 1 \n");
	text_layer_ask(f->layer, a, 2);
	g_assert_cmpuint(f->wanted, ==, 2);
}

static void test_it_says_too_much(struct fixture *f, gconstpointer data)
{
	(void)data;
	text_layer_ask(f->layer, a, 1);
	give(f);
	take_request(f);
	reply(f, MTP_MAX_WORDS + 1, "");
	until_answered(f, 1, "a 1 1 \n");
}

static void test_gone(struct fixture *f, gconstpointer data)
{
	(void)data;
	text_layer_ask(f->layer, a, 1);
	text_layer_ask(f->layer, b, 2);
	give(f);
	take_request(f);
	text_layer_ask(f->layer, a, 3);
	text_layer_forget(f->layer, a);
	reply(f, 5, "words");
	until_answered(f, 1, "b 2 0 words\n");
}

static void test_too_many(struct fixture *f, gconstpointer data)
{
	(void)data;
	for (uint32_t i = 0; f->answered == 0; i++)
		text_layer_ask(f->layer, a, i);
	until_answered(f, 1, "a 32 2 \n");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(struct fixture *f, gconstpointer data);
	} tests[] = {
	    {"/text-layer/reading", test_reading},
	    {"/text-layer/nobody-reads", test_nobody_reads},
	    {"/text-layer/process-dies", test_process_dies},
	    {"/text-layer/it-says-too-much", test_it_says_too_much},
	    {"/text-layer/gone", test_gone},
	    {"/text-layer/too-many", test_too_many},
	};
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
