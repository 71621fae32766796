/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first connected screen, as one dumb buffer that is scanned out all the time (drm-kms(7)).
 * What is drawn into it is shown once it has been flushed: the flush is what tells QEMU of damage.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct screen {
	int fd;
	uint32_t framebuffer;
	uint32_t *pixels; /* XRGB8888, mapped for the life of the process */
	size_t stride;    /* pixels from one line to the next */
	int width, height;
};

/* Takes over path at the screen's preferred mode. False, with a line on stderr, if it cannot. */
bool screen_init(struct screen *screen, const char *path);

/* Shows a rectangle of what has been drawn; clipped to the screen. */
void screen_flush(struct screen *screen, int x, int y, int width, int height);
