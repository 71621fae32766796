/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/input.h"

#include <string.h>

void input_init(
    struct input *input, struct mtp_session *session, void (*flush)(void *data), void *flush_data)
{
	*input = (struct input){.session = session, .flush = flush, .flush_data = flush_data};
}

void input_reset(struct input *input)
{
	input_init(input, input->session, input->flush, input->flush_data);
}

bool input_pointer(struct input *input, uint16_t x, uint16_t y, uint8_t buttons, int8_t wheel)
{
	if (!mtp_session_pointer(input->session, x, y, buttons, wheel))
		return false;
	input->buttons = buttons;
	input->x = x;
	input->y = y;
	input->flush(input->flush_data);
	return true;
}

bool input_finger(
    struct input *input, enum mtp_touch_phase phase, uint8_t slot, uint16_t x, uint16_t y)
{
	bool held = phase == MTP_TOUCH_DOWN || phase == MTP_TOUCH_MOVE;
	uint8_t points = mtp_session_touch_points(input->session);

	if (points == 0)
		return slot == 0 && input_pointer(input, x, y, held ? MTP_BUTTON_LEFT : 0, 0);
	if (slot >= points || slot >= INPUT_MAX_FINGERS ||
	    !mtp_session_touch(input->session, phase, slot, x, y))
		return false;
	if (held)
		input->fingers |= (uint16_t)(1u << slot);
	else
		input->fingers &= (uint16_t) ~(1u << slot);
	input->x = x;
	input->y = y;
	input->flush(input->flush_data);
	return true;
}

bool input_key(struct input *input, uint16_t code, bool down)
{
	if (code == 0 || code >= INPUT_MAX_CODE || !mtp_session_key(input->session, code, down))
		return false;
	if (down)
		input->keys[code / 8] |= (uint8_t)(1u << code % 8);
	else
		input->keys[code / 8] &= (uint8_t) ~(1u << code % 8);
	input->flush(input->flush_data);
	return true;
}

bool input_read(struct input *input, uint32_t id)
{
	if (!mtp_session_read(input->session, id))
		return false;
	input->flush(input->flush_data);
	return true;
}

void input_release(struct input *input)
{
	for (uint16_t code = 1; code < INPUT_MAX_CODE; code++)
		if (input->keys[code / 8] >> code % 8 & 1)
			input_key(input, code, false);
	for (uint8_t slot = 0; slot < INPUT_MAX_FINGERS; slot++)
		if (input->fingers >> slot & 1)
			input_finger(input, MTP_TOUCH_CANCEL, slot, input->x, input->y);
	if (input->buttons)
		input_pointer(input, input->x, input->y, 0, 0);
}
