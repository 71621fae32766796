/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first connected screen, as one dumb buffer that is scanned out until the mode changes
 * (drm-kms(7)). What is drawn into it is shown once it has been flushed: the flush is what tells
 * QEMU of damage.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct screen {
	int fd;
	uint32_t framebuffer, buffer;
	uint32_t *pixels; /* XRGB8888 */
	size_t size;      /* bytes of them */
	size_t stride;    /* pixels from one line to the next */
	int width, height;
};

/* Takes over path at the screen's preferred mode. False, with a line on stderr, if it cannot. */
bool screen_init(struct screen *screen, const char *path);

/* The card says that its monitor is another one. True: its preferred mode is another one, and is
 * taken; all is to be drawn again. */
bool screen_follow(struct screen *screen);

/* Shows a rectangle of what has been drawn; clipped to the screen. */
void screen_flush(struct screen *screen, int x, int y, int width, int height);
