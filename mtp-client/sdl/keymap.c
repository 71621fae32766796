/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/keymap.h"

#include <glib.h>
#include <linux/input-event-codes.h>
#include <SDL_scancode.h>

/* clang-format off */
#define LETTERS(X)                                                                         \
	X(A) X(B) X(C) X(D) X(E) X(F) X(G) X(H) X(I) X(J) X(K) X(L) X(M) X(N) X(O) X(P)    \
	X(Q) X(R) X(S) X(T) X(U) X(V) X(W) X(X) X(Y) X(Z)
#define DIGITS(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9)
#define FUNCTIONS(X) X(F1) X(F2) X(F3) X(F4) X(F5) X(F6) X(F7) X(F8) X(F9) X(F10) X(F11) X(F12)
#define NAMED(X)                                                                           \
	X(ENTER) X(ESC) X(BACKSPACE) X(TAB) X(SPACE) X(MINUS) X(EQUAL) X(LEFTBRACE)        \
	X(RIGHTBRACE) X(BACKSLASH) X(SEMICOLON) X(APOSTROPHE) X(GRAVE) X(COMMA) X(DOT)     \
	X(SLASH) X(CAPSLOCK) X(INSERT) X(DELETE) X(HOME) X(END) X(PAGEUP) X(PAGEDOWN)      \
	X(LEFT) X(RIGHT) X(UP) X(DOWN) X(LEFTCTRL) X(LEFTSHIFT) X(LEFTALT) X(LEFTMETA)     \
	X(RIGHTCTRL) X(RIGHTSHIFT) X(RIGHTALT) X(RIGHTMETA) X(VOLUMEUP) X(VOLUMEDOWN)      \
	X(MUTE) X(POWER) X(PLAYPAUSE) X(BACK) X(HOMEPAGE) X(SEARCH) X(COMPOSE)
/* clang-format on */

/* USB HID usage tables, page 7, by way of SDL's names. */
static const uint16_t by_scancode[SDL_NUM_SCANCODES] = {
#define X(name) [SDL_SCANCODE_##name] = KEY_##name,
    LETTERS(X) DIGITS(X) FUNCTIONS(X)
#undef X
        [SDL_SCANCODE_RETURN] = KEY_ENTER,
    [SDL_SCANCODE_ESCAPE] = KEY_ESC,
    [SDL_SCANCODE_BACKSPACE] = KEY_BACKSPACE,
    [SDL_SCANCODE_TAB] = KEY_TAB,
    [SDL_SCANCODE_SPACE] = KEY_SPACE,
    [SDL_SCANCODE_MINUS] = KEY_MINUS,
    [SDL_SCANCODE_EQUALS] = KEY_EQUAL,
    [SDL_SCANCODE_LEFTBRACKET] = KEY_LEFTBRACE,
    [SDL_SCANCODE_RIGHTBRACKET] = KEY_RIGHTBRACE,
    [SDL_SCANCODE_BACKSLASH] = KEY_BACKSLASH,
    [SDL_SCANCODE_NONUSHASH] = KEY_BACKSLASH,
    [SDL_SCANCODE_NONUSBACKSLASH] = KEY_102ND,
    [SDL_SCANCODE_SEMICOLON] = KEY_SEMICOLON,
    [SDL_SCANCODE_APOSTROPHE] = KEY_APOSTROPHE,
    [SDL_SCANCODE_GRAVE] = KEY_GRAVE,
    [SDL_SCANCODE_COMMA] = KEY_COMMA,
    [SDL_SCANCODE_PERIOD] = KEY_DOT,
    [SDL_SCANCODE_SLASH] = KEY_SLASH,
    [SDL_SCANCODE_CAPSLOCK] = KEY_CAPSLOCK,
    [SDL_SCANCODE_PRINTSCREEN] = KEY_SYSRQ,
    [SDL_SCANCODE_SCROLLLOCK] = KEY_SCROLLLOCK,
    [SDL_SCANCODE_PAUSE] = KEY_PAUSE,
    [SDL_SCANCODE_INSERT] = KEY_INSERT,
    [SDL_SCANCODE_HOME] = KEY_HOME,
    [SDL_SCANCODE_PAGEUP] = KEY_PAGEUP,
    [SDL_SCANCODE_DELETE] = KEY_DELETE,
    [SDL_SCANCODE_END] = KEY_END,
    [SDL_SCANCODE_PAGEDOWN] = KEY_PAGEDOWN,
    [SDL_SCANCODE_RIGHT] = KEY_RIGHT,
    [SDL_SCANCODE_LEFT] = KEY_LEFT,
    [SDL_SCANCODE_DOWN] = KEY_DOWN,
    [SDL_SCANCODE_UP] = KEY_UP,
    [SDL_SCANCODE_NUMLOCKCLEAR] = KEY_NUMLOCK,
    [SDL_SCANCODE_KP_DIVIDE] = KEY_KPSLASH,
    [SDL_SCANCODE_KP_MULTIPLY] = KEY_KPASTERISK,
    [SDL_SCANCODE_KP_MINUS] = KEY_KPMINUS,
    [SDL_SCANCODE_KP_PLUS] = KEY_KPPLUS,
    [SDL_SCANCODE_KP_ENTER] = KEY_KPENTER,
    [SDL_SCANCODE_KP_1] = KEY_KP1,
    [SDL_SCANCODE_KP_2] = KEY_KP2,
    [SDL_SCANCODE_KP_3] = KEY_KP3,
    [SDL_SCANCODE_KP_4] = KEY_KP4,
    [SDL_SCANCODE_KP_5] = KEY_KP5,
    [SDL_SCANCODE_KP_6] = KEY_KP6,
    [SDL_SCANCODE_KP_7] = KEY_KP7,
    [SDL_SCANCODE_KP_8] = KEY_KP8,
    [SDL_SCANCODE_KP_9] = KEY_KP9,
    [SDL_SCANCODE_KP_0] = KEY_KP0,
    [SDL_SCANCODE_KP_PERIOD] = KEY_KPDOT,
    [SDL_SCANCODE_APPLICATION] = KEY_COMPOSE,
    [SDL_SCANCODE_POWER] = KEY_POWER,
    [SDL_SCANCODE_MUTE] = KEY_MUTE,
    [SDL_SCANCODE_VOLUMEUP] = KEY_VOLUMEUP,
    [SDL_SCANCODE_VOLUMEDOWN] = KEY_VOLUMEDOWN,
    [SDL_SCANCODE_LCTRL] = KEY_LEFTCTRL,
    [SDL_SCANCODE_LSHIFT] = KEY_LEFTSHIFT,
    [SDL_SCANCODE_LALT] = KEY_LEFTALT,
    [SDL_SCANCODE_LGUI] = KEY_LEFTMETA,
    [SDL_SCANCODE_RCTRL] = KEY_RIGHTCTRL,
    [SDL_SCANCODE_RSHIFT] = KEY_RIGHTSHIFT,
    [SDL_SCANCODE_RALT] = KEY_RIGHTALT,
    [SDL_SCANCODE_RGUI] = KEY_RIGHTMETA,
    [SDL_SCANCODE_AUDIOPLAY] = KEY_PLAYPAUSE,
    [SDL_SCANCODE_AC_BACK] = KEY_BACK,
    [SDL_SCANCODE_AC_HOME] = KEY_HOMEPAGE,
    [SDL_SCANCODE_AC_SEARCH] = KEY_SEARCH,
};

uint16_t keymap_from_scancode(unsigned scancode)
{
	return scancode < G_N_ELEMENTS(by_scancode) ? by_scancode[scancode] : 0;
}

static const struct {
	const char *name;
	uint16_t code;
} by_name[] = {
#define X(name) {#name, KEY_##name},
    LETTERS(X) DIGITS(X) FUNCTIONS(X) NAMED(X)
#undef X
};

uint16_t keymap_from_name(const char *name)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(by_name); i++)
		if (!g_ascii_strcasecmp(name, by_name[i].name))
			return by_name[i].code;
	return 0;
}

/* Shifted and plain characters by key, US layout; letters and the digits' plain side apart. */
static const struct {
	char plain, shifted;
	uint16_t code;
} by_character[] = {
    {'1', '!', KEY_1},
    {'2', '@', KEY_2},
    {'3', '#', KEY_3},
    {'4', '$', KEY_4},
    {'5', '%', KEY_5},
    {'6', '^', KEY_6},
    {'7', '&', KEY_7},
    {'8', '*', KEY_8},
    {'9', '(', KEY_9},
    {'0', ')', KEY_0},
    {'-', '_', KEY_MINUS},
    {'=', '+', KEY_EQUAL},
    {'[', '{', KEY_LEFTBRACE},
    {']', '}', KEY_RIGHTBRACE},
    {'\\', '|', KEY_BACKSLASH},
    {';', ':', KEY_SEMICOLON},
    {'\'', '"', KEY_APOSTROPHE},
    {'`', '~', KEY_GRAVE},
    {',', '<', KEY_COMMA},
    {'.', '>', KEY_DOT},
    {'/', '?', KEY_SLASH},
    {' ', ' ', KEY_SPACE},
    {'\t', '\t', KEY_TAB},
    {'\n', '\n', KEY_ENTER},
};

bool keymap_from_character(char character, uint16_t *code, bool *shift)
{
	if (g_ascii_isalpha(character)) {
		const char name[] = {character, '\0'};

		*code = keymap_from_name(name);
		*shift = g_ascii_isupper(character);
		return true;
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(by_character); i++) {
		if (character != by_character[i].plain && character != by_character[i].shifted)
			continue;
		*code = by_character[i].code;
		*shift = character != by_character[i].plain;
		return true;
	}
	return false;
}
