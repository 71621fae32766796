/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The window's inside, shared by what draws it (window.c) and what listens to it (window_events.c).
 */
#pragma once

#include <SDL.h>

#include "mtp-client/core/view.h"
#include "mtp-client/core/zoom.h"
#include "mtp-client/sdl/window.h"

struct window {
	SDL_Window *window;
	SDL_Renderer *renderer;
	SDL_Texture *texture; /* NULL: no picture yet */
	uint32_t texture_width, texture_height;
	struct view view;
	struct zoom zoom;
	unsigned rotation;
	bool fullscreen, stale;
	char *title;
	char *notice;     /* NULL: all is well */
	char *statistics; /* NULL: not shown */
	bool wants_statistics;
	bool reading; /* what is written has been asked for, with this id */
	uint32_t read_id;
	int64_t told_until_us; /* 0: nothing is told in the place of statistics */

	struct input *input;
	bool finger_down[INPUT_MAX_FINGERS];
	SDL_FingerID fingers[INPUT_MAX_FINGERS]; /* slot -> SDL's id */
	struct pinch pinch;
	bool pinch_zooms;  /* two fingers zoom the view; else they are the phone's */
	uint8_t buttons;   /* of the mouse, by its events: SDL's own state runs ahead of them */
	bool mouse_finger; /* the left button is down as finger 0 */

	void (*closed)(void *data);
	void (*resized)(void *data);
	void *data;
};

void window_rotate(struct window *window);
void window_toggle_fullscreen(struct window *window);
/* Output pixels of a point that SDL gives in window units, which on dense screens are not pixels.
 */
void window_to_output(struct window *window, double *x, double *y);
void window_on_event(struct window *window, const SDL_Event *event);
