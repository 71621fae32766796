/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a user does in the window, as SDL tells it, becomes the right bytes for the host. On SDL's
 * dummy display: events are pushed, nothing is seen.
 */
#include <glib.h>
#include <SDL.h>

#include "mtp-client/sdl/window.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

struct fixture {
	struct mtp_codecs codecs;
	struct mtp_session *session;
	struct input input;
	struct window *window;
	unsigned closed, resized;
};

static void flush(void *data)
{
	(void)data;
}

static void closed(void *data)
{
	((struct fixture *)data)->closed++;
}

static void resized(void *data)
{
	((struct fixture *)data)->resized++;
}

/* A phone of 256 x 512, whose window is as large; turned, 512 x 256. */
static void set_up(struct fixture *f, unsigned rotation, uint8_t touch_points)
{
	const uint8_t welcome[] = {
	    0, 0, 0, 14, 0, 64, 0, 1, 1, 0, 2, 0, touch_points, 0, 0, 0, 31, 0, 1, 's'};
	const struct mtp_session_hello hello = {.grant = "g", .model = "m"};
	const struct window_options options = {.title = "test",
	    .rotation = rotation,
	    .input = &f->input,
	    .closed = closed,
	    .resized = resized,
	    .data = f};
	g_autoptr(GError) error = NULL;
	size_t n;

	g_assert_true(mtp_codecs_init(&f->codecs));
	f->session = mtp_session_new(&(struct mtp_session_options){.codecs = &f->codecs});
	input_init(&f->input, f->session, flush, NULL);
	g_assert_true(mtp_session_start(f->session, &hello));
	g_assert_true(mtp_session_feed(f->session, welcome, sizeof(welcome)));
	mtp_session_output(f->session, &n);
	mtp_session_output_sent(f->session, n);

	f->window = window_new(&options, &error);
	g_assert_no_error(error);
	window_show(f->window, mtp_session_picture(f->session));
	window_pump(f->window); /* what the opening itself has caused */
}

static void tear_down(struct fixture *f)
{
	window_free(f->window);
	mtp_session_free(f->session);
	mtp_codecs_finish(&f->codecs);
}

static void push(struct fixture *f, SDL_Event event)
{
	g_assert_cmpint(SDL_PushEvent(&event), ==, 1);
	window_pump(f->window);
}

static void assert_sent(struct fixture *f, const uint8_t *expected, size_t size)
{
	size_t n;
	const uint8_t *bytes = mtp_session_output(f->session, &n);

	g_assert_cmpmem(bytes, n, expected, size);
	mtp_session_output_sent(f->session, n);
}

static void button(struct fixture *f, bool down, Uint8 which, int x, int y)
{
	push(f, (SDL_Event){.button = {.type = down ? SDL_MOUSEBUTTONDOWN : SDL_MOUSEBUTTONUP,
	                        .button = which,
	                        .x = x,
	                        .y = y}});
}

static void test_pointer(void)
{
	struct fixture f = {0};

	set_up(&f, 0, 0);
	button(&f, true, SDL_BUTTON_LEFT, 100, 500);
	assert_sent(&f, BYTES(0, 0, 0, 6, 0, 3, 0, 100, 1, 0xf4, 1, 0));
	push(&f, (SDL_Event){.motion = {.type = SDL_MOUSEMOTION, .x = 101, .y = 300}});
	assert_sent(&f, BYTES(0, 0, 0, 6, 0, 3, 0, 101, 1, 0x2c, 1, 0));
	button(&f, false, SDL_BUTTON_LEFT, 101, 300);
	assert_sent(&f, BYTES(0, 0, 0, 6, 0, 3, 0, 101, 1, 0x2c, 0, 0));
	button(&f, true, SDL_BUTTON_RIGHT, 1, 1);
	assert_sent(&f, BYTES(0, 0, 0, 6, 0, 3, 0, 1, 0, 1, 4, 0));
	tear_down(&f);
}

/* A press and a release in one batch of events are two messages, not none. */
static void test_quick_click(void)
{
	struct fixture f = {0};
	SDL_Event down = {.button = {.type = SDL_MOUSEBUTTONDOWN, .button = SDL_BUTTON_LEFT}};

	set_up(&f, 0, 0);
	SDL_PushEvent(&down);
	button(&f, false, SDL_BUTTON_LEFT, 0, 0);
	assert_sent(
	    &f, BYTES(0, 0, 0, 6, 0, 3, 0, 0, 0, 0, 1, 0, 0, 0, 0, 6, 0, 3, 0, 0, 0, 0, 0, 0));
	tear_down(&f);
}

static void test_turned(void)
{
	struct fixture f = {0};

	set_up(&f, 90, 0); /* the phone's top left is at the window's top right */
	button(&f, true, SDL_BUTTON_LEFT, 511, 0);
	assert_sent(&f, BYTES(0, 0, 0, 6, 0, 3, 0, 0, 0, 0, 1, 0));
	tear_down(&f);
}

static void test_mouse_touches(void)
{
	struct fixture f = {0};

	set_up(&f, 0, 5);
	push(&f, (SDL_Event){.motion = {.type = SDL_MOUSEMOTION, .x = 5, .y = 5}});
	assert_sent(&f, NULL, 0); /* a touch screen does not feel a hand above it */
	button(&f, true, SDL_BUTTON_LEFT, 5, 6);
	assert_sent(&f, BYTES(0, 0, 0, 6, 0, 4, 0, 0, 0, 5, 0, 6));
	push(&f, (SDL_Event){.motion = {.type = SDL_MOUSEMOTION, .x = 7, .y = 8}});
	assert_sent(&f, BYTES(0, 0, 0, 6, 0, 4, 1, 0, 0, 7, 0, 8));
	button(&f, false, SDL_BUTTON_LEFT, 7, 8);
	assert_sent(&f, BYTES(0, 0, 0, 6, 0, 4, 2, 0, 0, 7, 0, 8));
	tear_down(&f);
}

static void finger(struct fixture *f, Uint32 type, SDL_FingerID id, float x, float y)
{
	push(f, (SDL_Event){.tfinger = {.type = type, .fingerId = id, .x = x, .y = y}});
}

static void test_fingers(void)
{
	struct fixture f = {0};

	set_up(&f, 0, 5);
	finger(&f, SDL_FINGERDOWN, 70, 0.5f, 0.5f);
	finger(&f, SDL_FINGERDOWN, 71, 0.25f, 0.25f);
	finger(&f, SDL_FINGERUP, 70, 0.5f, 0.5f);
	finger(&f, SDL_FINGERMOTION, 71, 0.25f, 0.5f);
	finger(&f, SDL_FINGERDOWN, 72, 0.0f, 0.0f); /* takes the slot that is free */
	assert_sent(&f, BYTES(0, 0, 0, 6, 0, 4, 0, 0, 0, 128, 1, 0, /* */
	                    0, 0, 0, 6, 0, 4, 0, 1, 0, 64, 0, 128,  /* */
	                    0, 0, 0, 6, 0, 4, 2, 0, 0, 128, 1, 0,   /* */
	                    0, 0, 0, 6, 0, 4, 1, 1, 0, 64, 1, 0,    /* */
	                    0, 0, 0, 6, 0, 4, 0, 0, 0, 0, 0, 0));
	tear_down(&f);
}

static void key(struct fixture *f, bool down, SDL_Scancode scancode, bool repeat)
{
	push(f, (SDL_Event){.key = {.type = down ? SDL_KEYDOWN : SDL_KEYUP,
	                        .repeat = repeat,
	                        .keysym = {.scancode = scancode}}});
}

static void test_keys(void)
{
	struct fixture f = {0};

	set_up(&f, 0, 0);
	key(&f, true, SDL_SCANCODE_A, false);
	key(&f, true, SDL_SCANCODE_A, true); /* the phone repeats by itself */
	key(&f, false, SDL_SCANCODE_A, false);
	assert_sent(&f, BYTES(0, 0, 0, 3, 0, 5, 0, 30, 1, 0, 0, 0, 3, 0, 5, 0, 30, 0));

	/* Whatever is held is let go when the window loses the keyboard. */
	key(&f, true, SDL_SCANCODE_LALT, false);
	push(&f,
	    (SDL_Event){.window = {.type = SDL_WINDOWEVENT, .event = SDL_WINDOWEVENT_FOCUS_LOST}});
	assert_sent(&f, BYTES(0, 0, 0, 3, 0, 5, 0, 56, 1, 0, 0, 0, 3, 0, 5, 0, 56, 0));
	tear_down(&f);
}

/* The terminal's own keyboard gives characters, not keys. */
static void test_text(void)
{
	struct fixture f = {0};

	set_up(&f, 0, 0);
	key(&f, true, SDL_SCANCODE_F8, false);
	push(&f, (SDL_Event){.text = {.type = SDL_TEXTINPUT, .text = "aB\xc3\xa9"}});
	assert_sent(&f, BYTES(0, 0, 0, 3, 0, 5, 0, 30, 1, 0, 0, 0, 3, 0, 5, 0, 30, 0, /* */
	                    0, 0, 0, 3, 0, 5, 0, 42, 1, 0, 0, 0, 3, 0, 5, 0, 48, 1,   /* */
	                    0, 0, 0, 3, 0, 5, 0, 48, 0, 0, 0, 0, 3, 0, 5, 0, 42, 0));
	tear_down(&f);
}

/* After F9 two fingers zoom: the phone hears that the first one is off, and no more of them. */
static void test_pinch(void)
{
	struct fixture f = {0};
	struct mtp_terminal terminal;

	set_up(&f, 0, 5);
	key(&f, true, SDL_SCANCODE_F9, false);
	unsigned before = f.resized;

	finger(&f, SDL_FINGERDOWN, 70, 0.25f, 0.25f);
	finger(&f, SDL_FINGERDOWN, 71, 0.5f, 0.5f);
	finger(&f, SDL_FINGERMOTION, 71, 0.75f, 0.75f);
	finger(&f, SDL_FINGERUP, 70, 0.25f, 0.25f);
	finger(&f, SDL_FINGERUP, 71, 0.75f, 0.75f);
	assert_sent(&f, BYTES(0, 0, 0, 6, 0, 4, 0, 0, 0, 64, 0, 128, /* */
	                    0, 0, 0, 6, 0, 4, 3, 0, 0, 64, 0, 128));
	g_assert_cmpuint(f.resized, ==, before + 1);
	window_terminal(f.window, &terminal);
	g_assert_cmpuint(terminal.scaling, ==, MTP_SCALING_NONE); /* every pixel is wanted */
	/* Twice as near: a finger moves half as far on the phone. */
	finger(&f, SDL_FINGERDOWN, 72, 0.5f, 0.5f);
	finger(&f, SDL_FINGERMOTION, 72, 0.75f, 0.5f);
	size_t n;
	const uint8_t *sent = mtp_session_output(f.session, &n);

	g_assert_cmpuint(n, ==, 24);
	g_assert_cmpint(sent[12 + 9] - sent[9], ==, 32);
	key(&f, true, SDL_SCANCODE_F9, false);
	window_terminal(f.window, &terminal);
	g_assert_cmpuint(terminal.scaling, ==, MTP_SCALING_SHRINK);
	tear_down(&f);
}

static void test_terminal(void)
{
	struct fixture f = {0};
	struct mtp_terminal terminal;

	set_up(&f, 90, 0);
	window_terminal(f.window, &terminal); /* the window is 512x256, the picture upright */
	g_assert_cmpuint(terminal.width, ==, 256);
	g_assert_cmpuint(terminal.height, ==, 512);
	g_assert_cmpuint(terminal.rotation, ==, 0);
	unsigned before = f.resized;

	key(&f, true, SDL_SCANCODE_F10, false);
	g_assert_cmpuint(f.resized, >, before);
	assert_sent(&f, NULL, 0);
	tear_down(&f);
}

static void test_close(void)
{
	struct fixture f = {0};

	set_up(&f, 0, 0);
	push(&f, (SDL_Event){.type = SDL_QUIT});
	g_assert_cmpuint(f.closed, ==, 1);
	tear_down(&f);
}

int main(int argc, char **argv)
{
	g_setenv("SDL_VIDEODRIVER", "dummy", TRUE);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/window/pointer", test_pointer);
	g_test_add_func("/window/quick-click", test_quick_click);
	g_test_add_func("/window/turned", test_turned);
	g_test_add_func("/window/mouse-touches", test_mouse_touches);
	g_test_add_func("/window/fingers", test_fingers);
	g_test_add_func("/window/keys", test_keys);
	g_test_add_func("/window/text", test_text);
	g_test_add_func("/window/pinch", test_pinch);
	g_test_add_func("/window/terminal", test_terminal);
	g_test_add_func("/window/close", test_close);
	return g_test_run();
}
