/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one viewer keeps of the pictures it was shown (PROTOCOL.md, KEEP and RECALL): before blocks
 * that have rested change, it is told to keep them, and when the same content comes back, anywhere
 * on the grid of blocks, to recall it. The oldest cells are used again first. One thread.
 */
#pragma once

#include <glib.h>

#include "mtp-server/debt.h"
#include "mtp/tile.h"

struct kept_cell {
	struct block_hash hash; /* none: empty */
	uint32_t sequence;      /* of the update that filled it */
};

struct kept_cells {
	struct kept_cell kept[MTP_CELLS];
	GHashTable *places;         /* of the hashes in `kept` */
	unsigned next;              /* cell to be used */
	struct block_hash *leaving; /* a block: to be kept before it changes; or none */
	bool leaving_any;
};

void kept_cells_init(struct kept_cells *cells, const struct picture *picture);
void kept_cells_finish(struct kept_cells *cells);

/* The picture changed; to be told before debt_add(). */
void kept_cells_damage(struct kept_cells *cells, const struct picture *picture,
    const struct block_set *damage, const struct debt *debt);
/* Writes the tiles for what leaves; first in the update of that number. How many. */
unsigned kept_cells_write_keep(struct kept_cells *cells, const struct picture *picture,
    uint32_t sequence, struct mtp_writer *w);
/* Takes over what a viewer has that came back, as of that update. */
void kept_cells_resume(struct kept_cells *cells, const struct kept_cell kept[MTP_CELLS],
    unsigned next, uint32_t sequence);
/* Writes tiles for blocks of `owed` that were kept once, and takes them out of it; `shown` says
 * then that they are exact.
 * How many. */
unsigned kept_cells_write_recall(struct kept_cells *cells, const struct picture *picture,
    struct block_set *owed, struct fidelity *shown, struct mtp_writer *w);
