/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/debt.h"

#include <glib.h>

#include "mtp/tile.h"

/* Pixels that waiting copies may move, in halves of a screen: tiles and KEEP need the rest of
 * MTP_MAX_OVERDRAW. */
#define COPIED_MAX 3

void debt_init(struct debt *d, unsigned width, unsigned height)
{
	*d = (struct debt){0};
	block_set_init(&d->owed, width, height);
	fidelity_init(&d->shown, width, height);
	block_set_init(&d->missed, width, height);
	block_set_fill(&d->owed);
}

void debt_finish(struct debt *d)
{
	block_set_finish(&d->owed);
	fidelity_finish(&d->shown);
	block_set_finish(&d->missed);
}

void debt_refresh(struct debt *d)
{
	d->count = 0;
	d->copied = 0;
	block_set_fill(&d->owed);
}

static size_t area_of(const struct motion *motion)
{
	size_t area = 0;
	for (unsigned i = 0; i < motion->count; i++)
		area += (size_t)motion->copies[i].target.width * motion->copies[i].target.height;
	return area;
}

void debt_forgo_copies(struct debt *d)
{
	if (!d->count)
		return;
	/* What did not change under a copy may be as rough as it was. */
	for (unsigned i = 0; i < d->count; i++)
		fidelity_poor(&d->shown, d->copies[i].target);
	block_set_copy(&d->owed, &d->missed);
	d->count = 0;
	d->copied = 0;
}

static void add_copy(struct debt *d, const struct copy *copy)
{
	d->copies[d->count++] = *copy;
	block_set_carry(&d->owed, copy->target, copy->source_x, copy->source_y);
	fidelity_carry(&d->shown, copy->target, copy->source_x, copy->source_y);
}

void debt_add(struct debt *d, const struct block_set *damage, const struct motion *motion)
{
	size_t area = motion ? area_of(motion) : 0;
	size_t screen = (size_t)d->owed.width * d->owed.height;
	if (!motion || d->count + motion->count > DEBT_COPIES_MAX ||
	    d->copied + area > COPIED_MAX * screen / 2) {
		debt_forgo_copies(d);
		block_set_unite(&d->owed, damage);
		return;
	}
	if (!d->count)
		block_set_copy(&d->missed, &d->owed);
	for (unsigned i = 0; i < motion->count; i++)
		add_copy(d, &motion->copies[i]);
	d->copied += area;
	block_set_unite(&d->owed, &motion->rest);
	block_set_unite(&d->missed, damage);
}

unsigned debt_write_copies(struct debt *d, struct mtp_writer *w)
{
	unsigned count = d->count;
	for (unsigned i = 0; i < count; i++) {
		const struct copy *c = &d->copies[i];
		struct mtp_tile tile = {.kind = MTP_TILE_COPY,
		    .x = (uint16_t)c->target.x,
		    .y = (uint16_t)c->target.y,
		    .width = (uint16_t)c->target.width,
		    .height = (uint16_t)c->target.height,
		    .source_x = (uint16_t)c->source_x,
		    .source_y = (uint16_t)c->source_y};
		mtp_tile_write(&tile, (uint16_t)d->owed.width, (uint16_t)d->owed.height, w);
	}
	d->count = 0;
	d->copied = 0;
	return count;
}
