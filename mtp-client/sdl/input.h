/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a user does, from window or script, put into MTP's terms: a finger is a TOUCH where the
 * phone has a touch screen, else the pointer with its left button. Remembers what is held down,
 * so that it can be let go when the window loses the keyboard.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mtp-client/core/session.h"

#define INPUT_MAX_CODE 768 /* above every KEY_* */
#define INPUT_MAX_FINGERS 10

struct input {
	struct mtp_session *session;
	void (*flush)(void *data); /* called after each event: it should leave at once */
	void *flush_data;
	uint8_t buttons; /* of the pointer, as last sent */
	uint16_t x, y;
	uint16_t fingers; /* bit a slot */
	uint8_t keys[INPUT_MAX_CODE / 8];
};

void input_init(
    struct input *input, struct mtp_session *session, void (*flush)(void *data), void *flush_data);
/* A new connection: nothing is held. */
void input_reset(struct input *input);

/* False: not connected, or the host takes no more (see session.h). Slot < INPUT_MAX_FINGERS. */
bool input_finger(
    struct input *input, enum mtp_touch_phase phase, uint8_t slot, uint16_t x, uint16_t y);
bool input_pointer(struct input *input, uint16_t x, uint16_t y, uint8_t buttons, int8_t wheel);
bool input_key(struct input *input, uint16_t code, bool down);
/* Asks what is written; mtp_session_words() will say. */
bool input_read(struct input *input, uint32_t id);
/* Lets go of everything. */
void input_release(struct input *input);
