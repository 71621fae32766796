/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys as Linux names them (evdev, linux/input-event-codes.h), which is what MTP carries: positions
 * on the keyboard, not characters. The phone's own layout makes characters of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Of an SDL_Scancode (USB HID usage); 0: none. */
uint16_t keymap_from_scancode(unsigned scancode);

/* Of a name in a script: "a", "enter", "volumeup" ... (KEY_ENTER without the prefix, any case);
 * 0: none. */
uint16_t keymap_from_name(const char *name);

/* The key, and whether with shift, that types an ASCII character on a US layout. False: no key
 * does. */
bool keymap_from_character(char character, uint16_t *code, bool *shift);
