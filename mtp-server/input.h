/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What viewers press, checked and turned into what the phone has: coordinates are clamped to its
 * screen, fingers are given slots of its own, a pointer is a finger on a phone that has a touch
 * screen, and what a viewer holds down goes up when it leaves. While the phone is slow to take
 * input, a movement replaces the one before it. Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "mtp/messages.h"

/* Where input goes: the display, or a test. */
struct input_sink {
	void (*move)(void *data, unsigned x, unsigned y);
	void (*button)(void *data, unsigned button, bool down);
	void (*touch)(void *data, unsigned phase, unsigned slot, unsigned x, unsigned y);
	void (*key)(void *data, unsigned qnum, bool down);
	bool (*is_slow)(void *data); /* movements had better wait for input_flush() */
};

#define INPUT_KEYS 256 /* codes beyond have no key in QEMU */

/* What one viewer holds down; embedded in it, zero at first. */
struct input_holder {
	uint8_t buttons;
	uint8_t keys[INPUT_KEYS / 8];
};

struct input_contact {
	const struct input_holder *holder; /* NULL: free */
	unsigned finger;                   /* the viewer's slot, or INPUT_POINTER */
	unsigned x, y;
	bool moved; /* not told yet */
};

struct input {
	const struct input_sink *sink;
	void *data;
	unsigned width, height; /* of the phone's screen */
	unsigned touch_points;  /* 0: pointer only */
	struct input_contact contacts[MTP_MAX_SLOTS];
	bool moved; /* the pointer; not told yet */
	unsigned x, y;
};

void input_init(
    struct input *input, const struct input_sink *sink, void *data, unsigned touch_points);
void input_screen(struct input *input, unsigned width, unsigned height);

void input_pointer(
    struct input *input, struct input_holder *holder, const struct mtp_pointer *pointer);
void input_touch(struct input *input, struct input_holder *holder, const struct mtp_touch *touch);
void input_key(struct input *input, struct input_holder *holder, const struct mtp_key *key);
/* The viewer has left: everything that it holds goes up. */
void input_release(struct input *input, struct input_holder *holder);
/* Tells movements that waited. */
void input_flush(struct input *input);
