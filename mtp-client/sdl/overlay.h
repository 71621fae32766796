/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words over the picture: what is wrong, and the statistics. Main thread. */
#pragma once

#include <SDL.h>

enum overlay_place {
	OVERLAY_TOP, /* left */
	OVERLAY_MIDDLE,
};

/* Draws the text on a dark box, wrapped to the renderer's width. What is not ASCII is left blank,
 * and letters are capitals. */
void overlay_draw(SDL_Renderer *renderer, const char *text, enum overlay_place place);
