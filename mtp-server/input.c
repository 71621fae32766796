/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/input.h"

#include <glib.h>

#include "mtp-server/keymap.h"

#define INPUT_POINTER 255u /* the finger that a pointer is */
#define WHEEL_MAX 8        /* notches of one message */

/* QEMU's numbers of buttons (org.qemu.Display1.Mouse). */
enum { BUTTON_WHEEL_UP = 3, BUTTON_WHEEL_DOWN = 4 };
static const struct {
	uint8_t bit;
	unsigned button;
} buttons[] = {{MTP_BUTTON_LEFT, 0}, {MTP_BUTTON_MIDDLE, 1}, {MTP_BUTTON_RIGHT, 2}};

void input_init(
    struct input *input, const struct input_sink *sink, void *data, unsigned touch_points)
{
	*input = (struct input){
	    .sink = sink, .data = data, .touch_points = MIN(touch_points, MTP_MAX_SLOTS)};
	input_screen(input, 1, 1);
}

void input_screen(struct input *input, unsigned width, unsigned height)
{
	input->width = MAX(width, 1);
	input->height = MAX(height, 1);
}

static struct input_contact *find_contact(
    struct input *input, const struct input_holder *holder, unsigned finger)
{
	for (unsigned i = 0; i < input->touch_points; i++)
		if (input->contacts[i].holder == holder &&
		    (!holder || input->contacts[i].finger == finger))
			return &input->contacts[i];
	return NULL;
}

static void tell_contact(struct input *input, struct input_contact *contact, unsigned phase)
{
	contact->moved = false;
	input->sink->touch(
	    input->data, phase, (unsigned)(contact - input->contacts), contact->x, contact->y);
}

void input_flush(struct input *input)
{
	if (input->moved)
		input->sink->move(input->data, input->x, input->y);
	input->moved = false;
	for (unsigned i = 0; i < input->touch_points; i++)
		if (input->contacts[i].moved)
			tell_contact(input, &input->contacts[i], MTP_TOUCH_MOVE);
}

static void flush_unless_slow(struct input *input)
{
	if (!input->sink->is_slow(input->data))
		input_flush(input);
}

/* One finger; more than the phone has slots for are ignored, as are movements of none. */
static void touch(struct input *input, const struct input_holder *holder, unsigned finger,
    unsigned phase, unsigned x, unsigned y)
{
	struct input_contact *contact = find_contact(input, holder, finger);
	bool is_new = !contact;
	if (is_new) {
		if (phase != MTP_TOUCH_DOWN || !(contact = find_contact(input, NULL, 0)))
			return;
		*contact = (struct input_contact){.holder = holder, .finger = finger};
	}
	contact->x = MIN(x, input->width - 1);
	contact->y = MIN(y, input->height - 1);
	if (phase == MTP_TOUCH_MOVE || (phase == MTP_TOUCH_DOWN && !is_new)) {
		contact->moved = true;
		flush_unless_slow(input);
		return;
	}
	/* What waited comes first. */
	bool moved = contact->moved;
	contact->moved = false;
	input_flush(input);
	if (moved)
		tell_contact(input, contact, MTP_TOUCH_MOVE);
	tell_contact(input, contact, phase);
	if (phase != MTP_TOUCH_DOWN)
		contact->holder = NULL;
}

static void press_buttons(struct input *input, struct input_holder *holder, uint8_t state)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(buttons); i++) {
		if (!((state ^ holder->buttons) & buttons[i].bit))
			continue;
		input_flush(input);
		input->sink->button(input->data, buttons[i].button, (state & buttons[i].bit) != 0);
	}
	holder->buttons = state;
}

void input_pointer(
    struct input *input, struct input_holder *holder, const struct mtp_pointer *pointer)
{
	if (input->touch_points) {
		bool was = holder->buttons & MTP_BUTTON_LEFT;
		bool is = pointer->buttons & MTP_BUTTON_LEFT;
		holder->buttons = pointer->buttons & MTP_BUTTON_LEFT;
		if (was || is)
			touch(input, holder, INPUT_POINTER,
			    was == is ? MTP_TOUCH_MOVE
			    : is      ? MTP_TOUCH_DOWN
			              : MTP_TOUCH_UP,
			    pointer->x, pointer->y);
	} else {
		input->x = MIN(pointer->x, input->width - 1);
		input->y = MIN(pointer->y, input->height - 1);
		input->moved = true;
		flush_unless_slow(input);
		press_buttons(input, holder, pointer->buttons);
	}
	if (!pointer->wheel)
		return;
	input_flush(input);
	unsigned button = pointer->wheel > 0 ? BUTTON_WHEEL_UP : BUTTON_WHEEL_DOWN;
	for (int i = 0; i < MIN(ABS((int)pointer->wheel), WHEEL_MAX); i++) {
		input->sink->button(input->data, button, true);
		input->sink->button(input->data, button, false);
	}
}

void input_touch(struct input *input, struct input_holder *holder, const struct mtp_touch *t)
{
	touch(input, holder, t->slot, t->phase, t->x, t->y);
}

void input_key(struct input *input, struct input_holder *holder, const struct mtp_key *key)
{
	unsigned qnum = key->code < INPUT_KEYS ? keymap_qnum(key->code) : 0;
	if (!qnum)
		return;
	uint8_t bit = (uint8_t)(1u << key->code % 8), *held = &holder->keys[key->code / 8];
	/* The phone repeats by itself. */
	if (!!(*held & bit) == !!key->down)
		return;
	*held ^= bit;
	input_flush(input);
	input->sink->key(input->data, qnum, key->down);
}

void input_release(struct input *input, struct input_holder *holder)
{
	input_flush(input);
	for (unsigned i = 0; i < input->touch_points; i++)
		if (input->contacts[i].holder == holder) {
			tell_contact(input, &input->contacts[i], MTP_TOUCH_CANCEL);
			input->contacts[i].holder = NULL;
		}
	if (!input->touch_points)
		press_buttons(input, holder, 0);
	for (unsigned code = 0; code < INPUT_KEYS; code++)
		input_key(input, holder, &(struct mtp_key){.code = (uint16_t)code});
}
