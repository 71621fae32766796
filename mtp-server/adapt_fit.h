/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a phone's screen fits a terminal's: the size of the framebuffer that the terminal gets, where
 * the picture stands in it, how it is turned, and which phone pixel lies under a finger. Pure
 * integer arithmetic: what a terminal says about itself is hostile, and any numbers work.
 */
#pragma once

#include <stdbool.h>

#include "mtp-server/blocks.h"
#include "mtp/words.h"

/* No terminal makes the host draw more than this. */
#define ADAPT_MAX_PIXELS (4u << 20)

/* What a terminal asks for. */
struct adapt_wish {
	unsigned width, height; /* of its screen, as the user holds it; 0: not known */
	unsigned rotation;      /* quarter turns clockwise */
	enum mtp_scaling scaling;
};

struct adapt_fit {
	unsigned phone_width, phone_height;
	unsigned width, height;  /* of the terminal's framebuffer */
	struct rectangle window; /* of the picture in it; what is left over is black */
	unsigned rotation;       /* quarter turns clockwise, 0 to 3 */
};

/* The phone's sides are at least 1 (mtp_screen_is_valid()). */
struct adapt_fit adapt_fit(
    unsigned phone_width, unsigned phone_height, const struct adapt_wish *wish);
/* The terminal gets the phone's pixels as they are. */
bool adapt_fit_is_identity(const struct adapt_fit *fit);
bool adapt_fit_equal(const struct adapt_fit *a, const struct adapt_fit *b);

/* The picture's size before it is turned. */
unsigned adapt_fit_upright_width(const struct adapt_fit *fit);
unsigned adapt_fit_upright_height(const struct adapt_fit *fit);

/* The phone's pixel in the middle of the terminal's; from the letterbox, the nearest. */
void adapt_fit_to_phone(
    const struct adapt_fit *fit, unsigned x, unsigned y, unsigned *phone_x, unsigned *phone_y);
/* The same for the coordinates of a message. */
void adapt_fit_point(const struct adapt_fit *fit, uint16_t *x, uint16_t *y);
/* A word's place on the phone's screen becomes that in the terminal's framebuffer. */
void adapt_fit_word(const struct adapt_fit *fit, struct mtp_word *word);
/* A rectangle of the upright scaled picture to the terminal's framebuffer. */
struct rectangle adapt_fit_turn(const struct adapt_fit *fit, struct rectangle upright);
