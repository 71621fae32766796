/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/motion_edge.h"

#define REACH BLOCK /* pixels; beyond there would be a band of its own */

/* Pixels of the rectangle that are right only with the copy, less those that were right without. */
static int gain_of(
    const struct picture *picture, struct rectangle target, unsigned source_x, unsigned source_y)
{
	int gain = 0;
	for (unsigned y = 0; y < target.height; y++) {
		size_t at = (size_t)(target.y + y) * picture->width + target.x;
		size_t from = (size_t)(source_y + y) * picture->width + source_x;
		const uint32_t *now = picture->now + at, *before = picture->before + at;
		const uint32_t *source = picture->before + from;
		for (unsigned x = 0; x < target.width; x++)
			gain += (now[x] == source[x]) - (now[x] == before[x]);
	}
	return gain;
}

/* How many lines of pixels, one after the other from the target's edge, are worth it. `sign`: which
 * edge. Lines that gain nothing are taken only with one that does behind them. */
static unsigned reach(const struct picture *picture, enum axis axis, struct rectangle target,
    unsigned source_x, unsigned source_y, int sign, unsigned room)
{
	bool vertical = axis == AXIS_VERTICAL;
	unsigned side = vertical ? target.width : target.height;
	/* A line or two of a scroll bar may lose a little. */
	int gain = 0, loss_max = (int)(vertical ? target.height : target.width) / 8;
	unsigned taken = 0;
	room = room < REACH ? room : REACH;
	for (unsigned i = 1; i <= room; i++) {
		int offset = sign > 0 ? (int)(side + i - 1) : -(int)i;
		struct rectangle line = target;
		if (vertical)
			line = (struct rectangle){
			    (unsigned)((int)target.x + offset), target.y, 1, target.height};
		else
			line = (struct rectangle){
			    target.x, (unsigned)((int)target.y + offset), target.width, 1};
		gain += gain_of(
		    picture, line, source_x + line.x - target.x, source_y + line.y - target.y);
		if (gain < -loss_max)
			break;
		if (gain > loss_max / 2) {
			taken = i;
			gain = 0;
		}
	}
	return taken;
}

void motion_edge_widen(const struct picture *picture, enum axis axis, struct rectangle *target,
    unsigned *source_x, unsigned *source_y)
{
	bool vertical = axis == AXIS_VERTICAL;
	unsigned *begin = vertical ? &target->x : &target->y;
	unsigned *size = vertical ? &target->width : &target->height;
	unsigned *source = vertical ? source_x : source_y;
	unsigned end = vertical ? picture->width : picture->height;
	unsigned more =
	    reach(picture, axis, *target, *source_x, *source_y, 1, end - *begin - *size);
	unsigned less = reach(picture, axis, *target, *source_x, *source_y, -1, *begin);
	*begin -= less;
	*source -= less;
	*size += more + less;
}
