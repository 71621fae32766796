/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keysyms of a viewer to the keys that the phone hears. */
#include "mtp-client/gateway/keysym.h"

#include <glib.h>
#include <linux/input-event-codes.h>

struct fixture {
	struct mtp_codecs codecs;
	struct mtp_session *session;
	struct input input;
	struct keysyms keysyms;
};

static void flush(void *data)
{
	(void)data;
}

static void set_up(struct fixture *f, gconstpointer data)
{
	static const uint8_t welcome[] = {
	    0, 0, 0, 14, 0, 64, 0, 1, 1, 0, 2, 0, 0, 0, 0, 0, 31, 0, 1, 's'};
	size_t n;

	(void)data;
	g_assert_true(mtp_codecs_init(&f->codecs));
	f->session = mtp_session_new(&(struct mtp_session_options){.codecs = &f->codecs});
	g_assert_true(
	    mtp_session_start(f->session, &(struct mtp_session_hello){.grant = "g", .model = "m"}));
	g_assert_true(mtp_session_feed(f->session, welcome, sizeof welcome));
	mtp_session_output(f->session, &n);
	mtp_session_output_sent(f->session, n);
	input_init(&f->input, f->session, flush, NULL);
	f->keysyms.input = &f->input;
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	mtp_session_free(f->session);
	mtp_codecs_finish(&f->codecs);
}

/* `expected`: codes, negative when they go up, ended by 0. */
static void check(struct fixture *f, uint32_t keysym, bool down, const int *expected)
{
	size_t n, at = 0;

	keysyms_key(&f->keysyms, keysym, down);
	const uint8_t *sent = mtp_session_output(f->session, &n);

	for (; *expected; expected++, at += 9) {
		g_assert_cmpuint(at + 9, <=, n);
		int code = sent[at + 6] << 8 | sent[at + 7];

		g_assert_cmpint(sent[at + 8] ? code : -code, ==, *expected);
	}
	g_assert_cmpuint(at, ==, n);
	mtp_session_output_sent(f->session, n);
}
#define CHECK(keysym, down, ...) check(f, keysym, down, (const int[]){__VA_ARGS__ __VA_OPT__(, ) 0})

static void test_keys(struct fixture *f, gconstpointer data)
{
	(void)data;
	CHECK('a', true, KEY_A);
	CHECK('a', false, -KEY_A);
	CHECK(0xff0d, true, KEY_ENTER);
	CHECK(0xff0d, false, -KEY_ENTER);
	CHECK(0xffc7, true, KEY_F10);
	CHECK(0xffc9, true, KEY_F12);
	CHECK(0x20ac, true); /* no key */
	CHECK(UINT32_MAX, true);
}

static void test_shift(struct fixture *f, gconstpointer data)
{
	(void)data;
	/* As typed on a US keyboard. */
	CHECK(0xffe1, true, KEY_LEFTSHIFT);
	CHECK('A', true, KEY_A);
	CHECK('A', false, -KEY_A);
	/* A layout that has the slash above the 7. */
	CHECK('/', true, -KEY_LEFTSHIFT, KEY_SLASH, KEY_LEFTSHIFT);
	CHECK('/', false, -KEY_SLASH);
	CHECK(0xffe1, false, -KEY_LEFTSHIFT);
	/* And one that has the question mark without shift. */
	CHECK('?', true, KEY_LEFTSHIFT, KEY_SLASH, -KEY_LEFTSHIFT);
	CHECK('?', false, -KEY_SLASH);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add("/keysym/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	ADD(keys);
	ADD(shift);
	return g_test_run();
}
