/* SPDX-License-Identifier: MIT */
/* The session against byte literals: what a host sends, and what must come back. */
#include "tests/client-core/session_fixture.h"

static void test_hello(struct fixture *f, gconstpointer data)
{
	(void)data;
	assert_output(f, BYTES(0, 0, 0, 45, 0, 1, 0, 1, 0, 1, 0, 2, 'G', 'R', 0, 1, 'm', 2, 0xd0, 5,
	                     0xa0, 0, 96, 5, 0, 0, 0, 255, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	                     0, 0, 0, 0, 0, 0, 0, 0, 1));
	g_assert_cmpint(mtp_session_state(f->session), ==, MTP_SESSION_GREETING);
	g_assert_false(mtp_session_key(f->session, 30, true)); /* not yet */
}

static void test_hello_too_long(struct fixture *f, gconstpointer data)
{
	g_autofree char *grant = g_strnfill(MTP_MAX_GRANT + 1, 'x');
	const struct mtp_session_hello hello = {.grant = grant, .model = "m"};

	(void)data;
	g_assert_false(mtp_session_start(f->session, &hello));
	g_assert_cmpint(mtp_session_state(f->session), ==, MTP_SESSION_IDLE);
}

static void test_welcome(struct fixture *f, gconstpointer data)
{
	const uint8_t bytes[] = {WELCOME};

	(void)data;
	for (size_t i = 0; i < sizeof(bytes); i++) { /* in any split */
		g_assert_cmpint(mtp_session_state(f->session), ==, MTP_SESSION_GREETING);
		g_assert_true(mtp_session_feed(f->session, bytes + i, 1));
	}
	g_assert_cmpint(mtp_session_state(f->session), ==, MTP_SESSION_LIVE);
	g_assert_cmpuint(mtp_session_picture(f->session)->width, ==, 4);
	g_assert_cmpuint(mtp_session_picture(f->session)->height, ==, 3);
	g_assert_cmpstr(mtp_session_id(f->session), ==, "s");
	g_assert_cmpuint(mtp_session_touch_points(f->session), ==, 0);
	assert_damage(f, 0, 0, 4, 3);
	assert_pixel(f, 3, 2, 0);
}

static void test_sequence(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	assert_refused(f, BYTES(0, 0, 0, 11, 0, 66, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 0));
}

static void test_frame_too_long(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	assert_refused(f, BYTES(0, 0x40, 0, 1, 0, 66)); /* told from the header alone */
}

static void test_not_welcome_first(struct fixture *f, gconstpointer data)
{
	(void)data;
	skip_output(f);
	assert_refused(f, BYTES(0, 0, 0, 11, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0));
}

static void test_screen_too_large(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	assert_refused(f, BYTES(0, 0, 0, 4, 0, 65, 0, 65, 0, 64)); /* 4160 > 4096 pixels */
}

static void test_screen(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	g_assert_true(mtp_session_feed(f->session, BYTES(0, 0, 0, 4, 0, 65, 0, 2, 0, 5)));
	g_assert_cmpuint(mtp_session_picture(f->session)->width, ==, 2);
	assert_damage(f, 0, 0, 2, 5);
}

static void test_unknown_is_skipped(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	/* Type 99 with three bytes, then PING. */
	g_assert_true(mtp_session_feed(f->session,
	    BYTES(0, 0, 0, 3, 0, 99, 1, 2, 3, 0, 0, 0, 8, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8)));
	assert_output(f, BYTES(0, 0, 0, 8, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8));
}

/* "hi" at 1, 2; the next question's answer takes its place; a list that breaks off ends the stream.
 */
static void test_words(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	g_assert_null(mtp_session_words(f->session));
	g_assert_true(mtp_session_read(f->session, 5));
	assert_output(f, BYTES(0, 0, 0, 4, 0, 15, 0, 0, 0, 5));
	g_assert_true(mtp_session_feed(f->session,
	    BYTES(0, 0, 0, 18, 0, 67, 0, 0, 0, 5, 0, 1, 0, 1, 0, 2, 0, 9, 0, 8, 0, 2, 'h', 'i')));
	const struct mtp_words *words = mtp_session_words(f->session);
	g_assert_cmpuint(words->id, ==, 5);
	g_assert_cmpuint(words->status, ==, MTP_WORDS_READ);
	g_assert_cmpuint(words->list.size, ==, 13);
	g_assert_true(mtp_session_feed(f->session, BYTES(0, 0, 0, 5, 0, 67, 0, 0, 0, 6, 1)));
	g_assert_cmpuint(mtp_session_words(f->session)->status, ==, MTP_WORDS_UNAVAILABLE);
	assert_refused(f, BYTES(0, 0, 0, 10, 0, 67, 0, 0, 0, 7, 0, 1, 0, 1, 0, 2));
}

static void test_bye(struct fixture *f, gconstpointer data)
{
	(void)data;
	skip_output(f);
	g_assert_false(
	    mtp_session_feed(f->session, BYTES(0, 0, 0, 7, 0, 9, 0, 2, 0, 3, 'o', 'l', 'd')));
	g_assert_cmpuint(mtp_session_code(f->session), ==, MTP_BYE_GRANT);
	g_assert_cmpstr(mtp_session_reason(f->session), ==, "old");
	assert_output(f, NULL, 0); /* a BYE is not answered */
}

static void test_input(struct fixture *f, gconstpointer data)
{
	(void)data;
	welcome(f);
	g_assert_true(mtp_session_pointer(f->session, 0x102, 0x304, 1, -1));
	g_assert_true(mtp_session_key(f->session, 28, true));
	g_assert_true(mtp_session_refresh(f->session));
	g_assert_true(mtp_session_ping(f->session, 5));
	g_assert_false(mtp_session_touch(f->session, MTP_TOUCH_DOWN, 0, 1, 1)); /* none there */
	assert_output(f, BYTES(0, 0, 0, 6, 0, 3, 1, 2, 3, 4, 1, 0xff,           /* */
	                     0, 0, 0, 3, 0, 5, 0, 28, 1,                        /* */
	                     0, 0, 0, 0, 0, 6,                                  /* */
	                     0, 0, 0, 8, 0, 7, 0, 0, 0, 0, 0, 0, 0, 5));
	g_assert_true(mtp_session_bye(f->session, MTP_BYE_NORMAL, "ok"));
	assert_output(f, BYTES(0, 0, 0, 6, 0, 9, 0, 0, 0, 2, 'o', 'k'));
}

static void test_touch(struct fixture *f, gconstpointer data)
{
	(void)data;
	skip_output(f);
	g_assert_true(mtp_session_feed(
	    f->session, BYTES(0, 0, 0, 14, 0, 64, 0, 1, 0, 4, 0, 3, 2, 0, 0, 0, 31, 0, 1, 's')));
	g_assert_true(mtp_session_touch(f->session, MTP_TOUCH_UP, 1, 2, 3));
	g_assert_false(mtp_session_touch(f->session, MTP_TOUCH_DOWN, 2, 2, 3)); /* two fingers */
	assert_output(f, BYTES(0, 0, 0, 6, 0, 4, 2, 1, 0, 2, 0, 3));
}

/* The host does not read: movements go first, the rest later, an acknowledgement never. */
static void test_output_is_bounded(struct fixture *f, gconstpointer data)
{
	size_t half, full;

	(void)data;
	welcome(f);
	while (mtp_session_pointer(f->session, 1, 1, 0, 0))
		;
	mtp_session_output(f->session, &half);
	g_assert_cmpuint(half, <=, MTP_SESSION_OUTPUT / 2);
	while (mtp_session_key(f->session, 30, true))
		;
	mtp_session_output(f->session, &full);
	g_assert_cmpuint(full, >, half);
	g_assert_cmpuint(full, <, MTP_SESSION_OUTPUT);
	g_assert_true(mtp_session_feed(
	    f->session, BYTES(0, 0, 0, 11, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0)));
}

/* A second start forgets the first connection, half a message included. */
static void test_restart(struct fixture *f, gconstpointer data)
{
	const struct mtp_session_hello hello = {.grant = "G2", .model = "m"};

	(void)data;
	welcome(f);
	g_assert_true(mtp_session_feed(f->session, BYTES(0, 0, 0, 23, 0, 66, 0)));
	g_assert_true(mtp_session_start(f->session, &hello));
	g_assert_cmpuint(mtp_session_picture(f->session)->width, ==, 0);
	skip_output(f);
	g_assert_true(mtp_session_feed(f->session, BYTES(WELCOME)));
	g_assert_true(mtp_session_feed(
	    f->session, BYTES(0, 0, 0, 11, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0)));
}

/* WELCOME with token 9; 1: what was there still counts. */
#define WELCOME_TOKEN(resumed)                                                                     \
	0, 0, 0, 23, 0, 64, 0, 1, 0, 4, 0, 3, 0, 0, 0, 0, 127, 0, 1, 's', 0, 0, 0, 0, 0, 0, 0, 9,  \
	    resumed
/* A blue pixel at 1,1; the picture kept in cell 3; the picture recalled from there. */
#define BLUE                                                                                       \
	0, 0, 0, 23, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 255
#define KEEP 0, 0, 0, 22, 0, 66, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0, 1, 5, 0, 0, 0, 0, 0, 4, 0, 3, 0, 3
#define RECALL 0, 0, 0, 22, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 6, 0, 0, 0, 0, 0, 4, 0, 3, 0, 3

static uint8_t blue_at_1_1(const struct fixture *f)
{
	return mtp_session_picture(f->session)->pixels[(4 + 1) * 4 + 2];
}

/* Cut off and back: the host may go on where it stopped, or begin anew. */
static void test_resume(struct fixture *f, gconstpointer data)
{
	const struct mtp_session_hello hello = {.grant = "G2", .model = "m"};
	struct mtp_message message;
	struct mtp_frame frame = {.type = MTP_TYPE_HELLO};
	size_t n;

	(void)data;
	skip_output(f);
	g_assert_true(mtp_session_feed(f->session, BYTES(WELCOME_TOKEN(0))));
	g_assert_true(mtp_session_feed(f->session, BYTES(BLUE)));
	g_assert_true(mtp_session_feed(f->session, BYTES(KEEP)));
	/* The first try gets nowhere: that forgets nothing. */
	for (unsigned i = 0; i < 2; i++) {
		g_assert_true(mtp_session_start(f->session, &hello));
		g_assert_cmpuint(mtp_session_picture(f->session)->width, ==, 0);
		frame.payload = mtp_session_output(f->session, &n) + MTP_FRAME_HEADER;
		frame.size = n - MTP_FRAME_HEADER;
		g_assert_cmpint(mtp_message_decode(&message, MTP_BY_CLIENT, &frame), ==, MTP_OK);
		g_assert_cmpuint(message.hello.token, ==, 9);
		g_assert_cmpuint(message.hello.sequence, ==, 2);
		g_assert_cmpuint(message.hello.checksum, !=, 0);
	}
	skip_output(f);
	g_assert_true(mtp_session_feed(f->session, BYTES(WELCOME_TOKEN(1))));
	g_assert_cmpuint(mtp_session_picture(f->session)->width, ==, 4);
	g_assert_cmpuint(blue_at_1_1(f), ==, 255);
	g_assert_true(mtp_session_feed(f->session, BYTES(RECALL)));
	/* Anew: black, and no cell holds anything. */
	g_assert_true(mtp_session_start(f->session, &hello));
	g_assert_true(mtp_session_feed(f->session, BYTES(WELCOME_TOKEN(0))));
	g_assert_cmpuint(blue_at_1_1(f), ==, 0);
	g_assert_false(mtp_session_feed(f->session, BYTES(RECALL)));
	/* After an error nothing is offered, and a host that resumes lies. */
	g_assert_true(mtp_session_start(f->session, &hello));
	g_assert_false(mtp_session_feed(f->session, BYTES(WELCOME_TOKEN(1))));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*test)(struct fixture *f, gconstpointer data);
	} tests[] = {
	    {"/session/hello", test_hello},
	    {"/session/hello-too-long", test_hello_too_long},
	    {"/session/welcome", test_welcome},
	    {"/session/sequence", test_sequence},
	    {"/session/frame-too-long", test_frame_too_long},
	    {"/session/not-welcome-first", test_not_welcome_first},
	    {"/session/screen-too-large", test_screen_too_large},
	    {"/session/screen", test_screen},
	    {"/session/unknown-is-skipped", test_unknown_is_skipped},
	    {"/session/words", test_words},
	    {"/session/bye", test_bye},
	    {"/session/input", test_input},
	    {"/session/touch", test_touch},
	    {"/session/output-is-bounded", test_output_is_bounded},
	    {"/session/restart", test_restart},
	    {"/session/resume", test_resume},
	};

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, struct fixture, NULL, set_up, tests[i].test, tear_down);
	return g_test_run();
}
