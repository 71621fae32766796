/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/adapt_fit.h"

#include <glib.h>

struct size {
	unsigned width, height;
};

/* floor(a * b / c), at least 1. */
static unsigned scaled(unsigned a, unsigned b, unsigned c)
{
	uint64_t value = (uint64_t)a * b / c;
	return value < 1 ? 1 : (unsigned)value;
}

/* The largest of the same shape that fits the room. */
static struct size fitting(struct size shape, struct size room)
{
	if ((uint64_t)shape.width * room.height >= (uint64_t)shape.height * room.width)
		return (struct size){
		    room.width, MIN(room.height, scaled(room.width, shape.height, shape.width))};
	return (struct size){
	    MIN(room.width, scaled(room.height, shape.width, shape.height)), room.height};
}

/* Smaller by the largest whole factor that leaves no less than is seen in the room: what moves by
 * whole pixels still does so at each factor's multiples, where any other size would have it drawn
 * anew (decision 089). */
static struct size divided(struct size shape, struct size room)
{
	unsigned by = MAX(MAX(shape.width / room.width, shape.height / room.height), 1);
	return (struct size){(shape.width + by - 1) / by, (shape.height + by - 1) / by};
}

/* No larger than a screen may be and we are willing to draw. */
static struct size bounded(struct size size)
{
	size = (struct size){MIN(size.width, MTP_MAX_SIDE), MIN(size.height, MTP_MAX_SIDE)};
	while ((uint64_t)size.width * size.height > ADAPT_MAX_PIXELS)
		size = (struct size){MAX(size.width / 2, 1), MAX(size.height / 2, 1)};
	return size;
}

struct adapt_fit adapt_fit(
    unsigned phone_width, unsigned phone_height, const struct adapt_wish *wish)
{
	unsigned rotation = wish->rotation % 4;
	struct size turned = rotation % 2 ? (struct size){phone_height, phone_width}
	                                  : (struct size){phone_width, phone_height};
	struct size frame = turned, window = turned;
	bool told = wish->width && wish->height;
	struct size room = bounded((struct size){wish->width, wish->height});
	if (told && wish->scaling == MTP_SCALING_EXACT) {
		frame = room;
		window = fitting(turned, room);
	} else if (told && wish->scaling == MTP_SCALING_SHRINK) {
		frame = window = divided(turned, room);
	}
	return (struct adapt_fit){.phone_width = phone_width,
	    .phone_height = phone_height,
	    .width = frame.width,
	    .height = frame.height,
	    .window = {(frame.width - window.width) / 2, (frame.height - window.height) / 2,
	        window.width, window.height},
	    .rotation = rotation};
}

bool adapt_fit_is_identity(const struct adapt_fit *fit)
{
	return !fit->rotation && fit->width == fit->phone_width &&
	       fit->height == fit->phone_height && fit->window.width == fit->width &&
	       fit->window.height == fit->height;
}

bool adapt_fit_equal(const struct adapt_fit *a, const struct adapt_fit *b)
{
	return a->phone_width == b->phone_width && a->phone_height == b->phone_height &&
	       a->width == b->width && a->height == b->height && a->rotation == b->rotation &&
	       a->window.width == b->window.width && a->window.height == b->window.height;
}

unsigned adapt_fit_upright_width(const struct adapt_fit *fit)
{
	return fit->rotation % 2 ? fit->window.height : fit->window.width;
}

unsigned adapt_fit_upright_height(const struct adapt_fit *fit)
{
	return fit->rotation % 2 ? fit->window.width : fit->window.height;
}

/* Where the middle of pixel `at` of `to` lies, in pixels of `from`. */
static unsigned middle(unsigned at, unsigned to, unsigned from)
{
	return (unsigned)((2 * (uint64_t)at + 1) * from / (2 * (uint64_t)to));
}

void adapt_fit_to_phone(
    const struct adapt_fit *fit, unsigned x, unsigned y, unsigned *phone_x, unsigned *phone_y)
{
	const struct rectangle *w = &fit->window;
	unsigned u = CLAMP(x, w->x, w->x + w->width - 1) - w->x;
	unsigned v = CLAMP(y, w->y, w->y + w->height - 1) - w->y;
	unsigned width = adapt_fit_upright_width(fit), height = adapt_fit_upright_height(fit);
	unsigned across = u, down = v;
	if (fit->rotation == 1) { /* the phone's top is at the right */
		across = v;
		down = height - 1 - u;
	} else if (fit->rotation == 2) {
		across = width - 1 - u;
		down = height - 1 - v;
	} else if (fit->rotation == 3) {
		across = width - 1 - v;
		down = u;
	}
	*phone_x = middle(across, width, fit->phone_width);
	*phone_y = middle(down, height, fit->phone_height);
}

void adapt_fit_point(const struct adapt_fit *fit, uint16_t *x, uint16_t *y)
{
	unsigned phone_x, phone_y;
	adapt_fit_to_phone(fit, *x, *y, &phone_x, &phone_y);
	*x = (uint16_t)phone_x;
	*y = (uint16_t)phone_y;
}

struct rectangle adapt_fit_turn(const struct adapt_fit *fit, struct rectangle r)
{
	unsigned width = adapt_fit_upright_width(fit), height = adapt_fit_upright_height(fit);
	struct rectangle turned = r;
	if (fit->rotation == 1)
		turned = (struct rectangle){height - r.y - r.height, r.x, r.height, r.width};
	else if (fit->rotation == 2)
		turned = (struct rectangle){
		    width - r.x - r.width, height - r.y - r.height, r.width, r.height};
	else if (fit->rotation == 3)
		turned = (struct rectangle){r.y, width - r.x - r.width, r.height, r.width};
	turned.x += fit->window.x;
	turned.y += fit->window.y;
	return turned;
}

/* An edge of a length of `from` pixels, in one of `to`. */
static unsigned edge_in(unsigned at, unsigned from, unsigned to)
{
	return (unsigned)((uint64_t)MIN(at, from) * to / from);
}

void adapt_fit_word(const struct adapt_fit *fit, struct mtp_word *word)
{
	unsigned width = adapt_fit_upright_width(fit), height = adapt_fit_upright_height(fit);
	unsigned x = edge_in(word->x, fit->phone_width, width);
	unsigned y = edge_in(word->y, fit->phone_height, height);
	unsigned right = edge_in((unsigned)word->x + word->width, fit->phone_width, width);
	unsigned bottom = edge_in((unsigned)word->y + word->height, fit->phone_height, height);
	struct rectangle place =
	    adapt_fit_turn(fit, (struct rectangle){x, y, right - x, bottom - y});
	word->x = (uint16_t)place.x;
	word->y = (uint16_t)place.y;
	word->width = (uint16_t)place.width;
	word->height = (uint16_t)place.height;
}
