/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys and contacts from the kernel's event devices (Linux input protocols, type A devices left
 * out: multi-touch-protocol.rst). A tablet with its left button held counts as a touch in slot 0.
 */
#pragma once

#include <stdbool.h>

#define INPUT_SLOT_MAX 16

struct input_events {
	void (*key)(void *context, int code); /* pressed; a repetition is not told */
	/* A contact is there, in fractions of the screen's width and height from 0 to 1. */
	void (*contact)(void *context, int slot, bool began, double x, double y);
	void *context;
};

struct input_contact {
	bool down, changed, began;
	int x, y;
};

struct input_device {
	int fd;
	bool multi_touch;
	int slot;
	int x_min, x_max, y_min, y_max;
	struct input_contact contacts[INPUT_SLOT_MAX];
};

/* False if path is no event device. Its descriptor does not block. */
bool input_init(struct input_device *device, const char *path);

/* Reads what is there; false once the device is gone. */
bool input_read(struct input_device *device, const struct input_events *events);
