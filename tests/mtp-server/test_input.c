/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/input.h"

#include <glib.h>
#include <linux/input-event-codes.h>

#include "mtp-server/keymap.h"

/* What arrived at the phone, in words. */
struct fixture {
	struct input input;
	struct input_holder one, two;
	GString *log;
	bool slow;
};

static void on_move(void *data, unsigned x, unsigned y)
{
	g_string_append_printf(((struct fixture *)data)->log, "m%u,%u ", x, y);
}

static void on_button(void *data, unsigned button, bool down)
{
	g_string_append_printf(((struct fixture *)data)->log, "b%u%c ", button, down ? '+' : '-');
}

static void on_touch(void *data, unsigned phase, unsigned slot, unsigned x, unsigned y)
{
	g_string_append_printf(
	    ((struct fixture *)data)->log, "t%u%c%u,%u ", slot, "+~-x"[phase], x, y);
}

static void on_key(void *data, unsigned qnum, bool down)
{
	g_string_append_printf(((struct fixture *)data)->log, "k%x%c ", qnum, down ? '+' : '-');
}

static bool on_slow(void *data)
{
	return ((struct fixture *)data)->slow;
}

static void set_up(struct fixture *f, unsigned touch_points)
{
	static const struct input_sink sink = {.move = on_move,
	    .button = on_button,
	    .touch = on_touch,
	    .key = on_key,
	    .is_slow = on_slow};
	*f = (struct fixture){.log = g_string_new(NULL)};
	input_init(&f->input, &sink, f, touch_points);
	input_screen(&f->input, 360, 720);
}

static void check(struct fixture *f, const char *expected)
{
	g_assert_cmpstr(f->log->str, ==, expected);
	g_string_truncate(f->log, 0);
}

static void pointer(struct fixture *f, struct input_holder *holder, uint16_t x, uint16_t y,
    uint8_t buttons, int8_t wheel)
{
	input_pointer(&f->input, holder,
	    &(struct mtp_pointer){.x = x, .y = y, .buttons = buttons, .wheel = wheel});
}

static void touch(struct fixture *f, struct input_holder *holder, uint8_t phase, uint8_t slot,
    uint16_t x, uint16_t y)
{
	input_touch(
	    &f->input, holder, &(struct mtp_touch){.phase = phase, .slot = slot, .x = x, .y = y});
}

static void key(struct fixture *f, struct input_holder *holder, uint16_t code, uint8_t down)
{
	input_key(&f->input, holder, &(struct mtp_key){.code = code, .down = down});
}

static void test_pointer(void)
{
	struct fixture f;
	set_up(&f, 0);
	pointer(&f, &f.one, 10, 20, 0, 0);
	check(&f, "m10,20 ");
	pointer(&f, &f.one, 11, 20, MTP_BUTTON_LEFT | MTP_BUTTON_RIGHT, 0);
	check(&f, "m11,20 b0+ b2+ ");
	pointer(&f, &f.one, 12, 20, MTP_BUTTON_RIGHT, 0);
	check(&f, "m12,20 b0- ");
	/* Out of the screen: to its edge. A button that nobody knows: nothing. */
	pointer(&f, &f.one, 65535, 720, 0x80, 0);
	check(&f, "m359,719 b2- ");
	pointer(&f, &f.one, 1, 1, 0, -2);
	check(&f, "m1,1 b4+ b4- b4+ b4- ");
	pointer(&f, &f.one, 1, 1, 0, 127);
	g_assert_cmpuint(f.log->len, ==, strlen("m1,1 ") + 8 * strlen("b3+ b3- "));
	g_string_free(f.log, TRUE);
}

static void test_touch(void)
{
	struct fixture f;
	set_up(&f, 2);
	touch(&f, &f.one, MTP_TOUCH_MOVE, 0, 5, 5);
	touch(&f, &f.one, MTP_TOUCH_UP, 0, 5, 5);
	check(&f, ""); /* no finger is there */
	touch(&f, &f.one, MTP_TOUCH_DOWN, 7, 5, 6);
	touch(&f, &f.one, MTP_TOUCH_MOVE, 7, 500, 5000);
	touch(&f, &f.two, MTP_TOUCH_DOWN, 7, 8, 9);
	check(&f, "t0+5,6 t0~359,719 t1+8,9 ");
	touch(&f, &f.two, MTP_TOUCH_DOWN, 8, 1, 1);
	check(&f, ""); /* the phone has two slots */
	touch(&f, &f.one, MTP_TOUCH_UP, 7, 5, 6);
	touch(&f, &f.two, MTP_TOUCH_DOWN, 8, 1, 1);
	touch(&f, &f.two, MTP_TOUCH_CANCEL, 7, 1, 2);
	check(&f, "t0-5,6 t0+1,1 t1x1,2 ");
	/* Down twice is a movement. */
	touch(&f, &f.two, MTP_TOUCH_DOWN, 8, 3, 3);
	check(&f, "t0~3,3 ");
	g_string_free(f.log, TRUE);
}

static void test_pointer_is_finger(void)
{
	struct fixture f;
	set_up(&f, 10);
	pointer(&f, &f.one, 10, 20, 0, 0);
	check(&f, "");
	pointer(&f, &f.one, 10, 20, MTP_BUTTON_LEFT, 0);
	pointer(&f, &f.one, 11, 20, MTP_BUTTON_LEFT, 0);
	touch(&f, &f.one, MTP_TOUCH_DOWN, 0, 1, 1);
	pointer(&f, &f.one, 11, 21, 0, 0);
	check(&f, "t0+10,20 t0~11,20 t1+1,1 t0-11,21 ");
	g_string_free(f.log, TRUE);
}

static void test_key(void)
{
	struct fixture f;
	set_up(&f, 0);
	key(&f, &f.one, KEY_A, 1);
	key(&f, &f.one, KEY_A, 1); /* repeated by the terminal */
	key(&f, &f.one, KEY_UP, 1);
	key(&f, &f.one, KEY_A, 0);
	key(&f, &f.one, KEY_A, 0);
	check(&f, "k1e+ kc8+ k1e- ");
	key(&f, &f.one, 0, 1);
	key(&f, &f.one, KEY_SYSRQ, 1);
	key(&f, &f.one, 250, 1);
	key(&f, &f.one, 256, 1);
	key(&f, &f.one, 65535, 1);
	check(&f, "");
	g_string_free(f.log, TRUE);
}

static void test_keymap(void)
{
	static const struct {
		unsigned code, qnum;
	} table[] = {{KEY_ESC, 1}, {KEY_ENTER, 0x1c}, {KEY_SPACE, 0x39}, {KEY_KPDOT, 0x53},
	    {KEY_F11, 0x57}, {KEY_KPENTER, 0x9c}, {KEY_RIGHTALT, 0xb8}, {KEY_HOME, 0xc7},
	    {KEY_DELETE, 0xd3}, {KEY_LEFTMETA, 0xdb}, {KEY_VOLUMEUP, 0xb0}, {KEY_POWER, 0xde},
	    {KEY_102ND, 0x56}, {KEY_RESERVED, 0}, {KEY_SYSRQ, 0}, {84, 0}, {KEY_MAX, 0}};
	for (unsigned i = 0; i < G_N_ELEMENTS(table); i++)
		g_assert_cmphex(keymap_qnum(table[i].code), ==, table[i].qnum);
	/* No two keys are one. */
	uint8_t seen[256] = {0};
	for (unsigned code = 0; code <= KEY_MAX; code++) {
		unsigned qnum = keymap_qnum(code);
		g_assert_cmpuint(qnum, <, 256);
		g_assert_true(!qnum || !seen[qnum]);
		seen[qnum] = 1;
	}
}

/* Movements wait while the phone is slow; the last one counts, and comes before what follows. */
static void test_slow(void)
{
	struct fixture f;
	set_up(&f, 2);
	touch(&f, &f.one, MTP_TOUCH_DOWN, 0, 1, 1);
	f.slow = true;
	touch(&f, &f.one, MTP_TOUCH_MOVE, 0, 2, 2);
	touch(&f, &f.one, MTP_TOUCH_MOVE, 0, 3, 3);
	check(&f, "t0+1,1 ");
	touch(&f, &f.two, MTP_TOUCH_DOWN, 0, 9, 9);
	check(&f, "t0~3,3 t1+9,9 ");
	touch(&f, &f.one, MTP_TOUCH_MOVE, 0, 4, 4);
	key(&f, &f.one, KEY_A, 1);
	check(&f, "t0~4,4 k1e+ ");
	touch(&f, &f.one, MTP_TOUCH_MOVE, 0, 5, 5);
	touch(&f, &f.one, MTP_TOUCH_UP, 0, 6, 6);
	check(&f, "t0~6,6 t0-6,6 ");
	touch(&f, &f.two, MTP_TOUCH_MOVE, 0, 7, 7);
	input_flush(&f.input);
	check(&f, "t1~7,7 ");
	input_flush(&f.input);
	check(&f, "");
	g_string_free(f.log, TRUE);
}

/* What a viewer held goes up when it leaves; what another holds stays. */
static void test_release(void)
{
	struct fixture f;
	set_up(&f, 4);
	touch(&f, &f.one, MTP_TOUCH_DOWN, 0, 1, 1);
	touch(&f, &f.two, MTP_TOUCH_DOWN, 0, 2, 2);
	pointer(&f, &f.one, 3, 3, MTP_BUTTON_LEFT, 0);
	key(&f, &f.one, KEY_LEFTSHIFT, 1);
	key(&f, &f.two, KEY_B, 1);
	check(&f, "t0+1,1 t1+2,2 t2+3,3 k2a+ k30+ ");
	input_release(&f.input, &f.one);
	check(&f, "t0x1,1 t2x3,3 k2a- ");
	input_release(&f.input, &f.one);
	check(&f, "");
	g_string_free(f.log, TRUE);
	set_up(&f, 0);
	pointer(&f, &f.one, 3, 3, MTP_BUTTON_MIDDLE, 0);
	input_release(&f.input, &f.one);
	check(&f, "m3,3 b1+ b1- ");
	g_string_free(f.log, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/input/pointer", test_pointer);
	g_test_add_func("/input/touch", test_touch);
	g_test_add_func("/input/pointer-is-finger", test_pointer_is_finger);
	g_test_add_func("/input/key", test_key);
	g_test_add_func("/input/keymap", test_keymap);
	g_test_add_func("/input/slow", test_slow);
	g_test_add_func("/input/release", test_release);
	return g_test_run();
}
