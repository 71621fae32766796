/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <linux/input-event-codes.h>
#include <SDL_scancode.h>

#include "mtp-client/sdl/keymap.h"

static void test_scancodes(void)
{
	g_assert_cmpuint(keymap_from_scancode(SDL_SCANCODE_A), ==, KEY_A);
	g_assert_cmpuint(keymap_from_scancode(SDL_SCANCODE_0), ==, KEY_0);
	g_assert_cmpuint(keymap_from_scancode(SDL_SCANCODE_RETURN), ==, KEY_ENTER);
	g_assert_cmpuint(keymap_from_scancode(SDL_SCANCODE_F12), ==, KEY_F12);
	g_assert_cmpuint(keymap_from_scancode(SDL_SCANCODE_KP_0), ==, KEY_KP0);
	g_assert_cmpuint(keymap_from_scancode(SDL_SCANCODE_RALT), ==, KEY_RIGHTALT);
	g_assert_cmpuint(keymap_from_scancode(SDL_SCANCODE_UNKNOWN), ==, 0);
	g_assert_cmpuint(keymap_from_scancode(SDL_NUM_SCANCODES), ==, 0);
	g_assert_cmpuint(keymap_from_scancode(G_MAXUINT), ==, 0);
}

/* No two places on the keyboard become one, but for the two that are one on a PC. */
static void test_scancodes_differ(void)
{
	for (unsigned a = 0; a < SDL_NUM_SCANCODES; a++)
		for (unsigned b = a + 1; b < SDL_NUM_SCANCODES; b++)
			if (keymap_from_scancode(a) && keymap_from_scancode(a) != KEY_BACKSLASH)
				g_assert_cmpuint(
				    keymap_from_scancode(a), !=, keymap_from_scancode(b));
}

static void test_names(void)
{
	g_assert_cmpuint(keymap_from_name("enter"), ==, KEY_ENTER);
	g_assert_cmpuint(keymap_from_name("A"), ==, KEY_A);
	g_assert_cmpuint(keymap_from_name("7"), ==, KEY_7);
	g_assert_cmpuint(keymap_from_name("volumeUp"), ==, KEY_VOLUMEUP);
	g_assert_cmpuint(keymap_from_name("nosuch"), ==, 0);
	g_assert_cmpuint(keymap_from_name(""), ==, 0);
}

static void assert_types(char character, uint16_t expected, bool expected_shift)
{
	uint16_t code;
	bool shift;

	g_assert_true(keymap_from_character(character, &code, &shift));
	g_assert_cmpuint(code, ==, expected);
	g_assert_cmpint(shift, ==, expected_shift);
}

static void test_characters(void)
{
	uint16_t code;
	bool shift;

	assert_types('q', KEY_Q, false);
	assert_types('Q', KEY_Q, true);
	assert_types('0', KEY_0, false);
	assert_types(')', KEY_0, true);
	assert_types('?', KEY_SLASH, true);
	assert_types(' ', KEY_SPACE, false);
	/* Everything that can be printed in ASCII can be typed; nothing else. */
	for (char c = ' '; c < 0x7f; c++)
		g_assert_true(keymap_from_character(c, &code, &shift));
	g_assert_false(keymap_from_character('\x7f', &code, &shift));
	g_assert_false(keymap_from_character((char)0xc3, &code, &shift));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/keymap/scancodes", test_scancodes);
	g_test_add_func("/keymap/scancodes-differ", test_scancodes_differ);
	g_test_add_func("/keymap/names", test_names);
	g_test_add_func("/keymap/characters", test_characters);
	return g_test_run();
}
