/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/gateway/keysym.h"

#include <glib.h>
#include <linux/input-event-codes.h>

#include "mtp-client/sdl/keymap.h"

/* keysymdef.h's numbers; rows whose keys follow each other in both worlds. */
static const struct {
	uint32_t keysym;
	uint16_t code, n;
} rows[] = {
    {0xff08, KEY_BACKSPACE, 1},
    {0xff09, KEY_TAB, 1},
    {0xff0d, KEY_ENTER, 1},
    {0xff1b, KEY_ESC, 1},
    {0xff50, KEY_HOME, 1},
    {0xff51, KEY_LEFT, 1},
    {0xff52, KEY_UP, 1},
    {0xff53, KEY_RIGHT, 1},
    {0xff54, KEY_DOWN, 1},
    {0xff55, KEY_PAGEUP, 1},
    {0xff56, KEY_PAGEDOWN, 1},
    {0xff57, KEY_END, 1},
    {0xff63, KEY_INSERT, 1},
    {0xffff, KEY_DELETE, 1},
    {0xffbe, KEY_F1, 10},
    {0xffc8, KEY_F11, 2},
    {0xff8d, KEY_KPENTER, 1},
    {0xffe3, KEY_LEFTCTRL, 1},
    {0xffe4, KEY_RIGHTCTRL, 1},
    {0xffe9, KEY_LEFTALT, 1},
    {0xffea, KEY_RIGHTALT, 1},
    {0xffeb, KEY_LEFTMETA, 1},
    {0xffec, KEY_RIGHTMETA, 1},
};

static const uint16_t shifts[2] = {KEY_LEFTSHIFT, KEY_RIGHTSHIFT};

static void set_shifts(struct keysyms *k, bool down)
{
	for (unsigned i = 0; i < 2; i++)
		if (k->shift[i])
			input_key(k->input, shifts[i], down);
}

static void type_character(struct keysyms *k, char character, bool down)
{
	uint16_t code;
	bool wants, has = k->shift[0] || k->shift[1];

	if (!keymap_from_character(character, &code, &wants))
		return;
	if (!down || wants == has) {
		input_key(k->input, code, down);
		return;
	}
	if (has)
		set_shifts(k, false);
	else
		input_key(k->input, KEY_LEFTSHIFT, true);
	input_key(k->input, code, true);
	if (has)
		set_shifts(k, true);
	else
		input_key(k->input, KEY_LEFTSHIFT, false);
}

void keysyms_key(struct keysyms *k, uint32_t keysym, bool down)
{
	if (keysym >= ' ' && keysym <= '~') {
		type_character(k, (char)keysym, down);
		return;
	}
	if (keysym == 0xffe1 || keysym == 0xffe2) {
		k->shift[keysym - 0xffe1] = down;
		input_key(k->input, shifts[keysym - 0xffe1], down);
		return;
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++)
		if (keysym >= rows[i].keysym && keysym - rows[i].keysym < rows[i].n)
			input_key(
			    k->input, (uint16_t)(rows[i].code + keysym - rows[i].keysym), down);
}
