/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/kept_cells.h"

#include <string.h>

_Static_assert(MTP_CELL_SIDE == BLOCK, "a cell holds a block");

static guint place_hash(gconstpointer pointer)
{
	return (guint)((const struct block_hash *)pointer)->high;
}

static gboolean place_equal(gconstpointer a, gconstpointer b)
{
	return block_hash_is_equal(*(const struct block_hash *)a, *(const struct block_hash *)b);
}

void kept_cells_init(struct kept_cells *c, const struct picture *picture)
{
	*c = (struct kept_cells){0};
	c->places = g_hash_table_new(place_hash, place_equal);
	c->leaving = g_new0(struct block_hash, (size_t)picture->columns * picture->rows);
}

void kept_cells_finish(struct kept_cells *c)
{
	if (c->places)
		g_hash_table_unref(c->places);
	g_free(c->leaving);
	*c = (struct kept_cells){0};
}

/* The cell that holds it; MTP_CELLS: none. */
static unsigned find(const struct kept_cells *c, struct block_hash hash)
{
	const struct kept_cell *kept =
	    block_hash_is_none(hash) ? NULL : g_hash_table_lookup(c->places, &hash);
	return kept ? (unsigned)(kept - c->kept) : MTP_CELLS;
}

static void fill(struct kept_cells *c, unsigned cell, struct block_hash hash, uint32_t sequence)
{
	struct kept_cell *kept = &c->kept[cell];
	if (g_hash_table_lookup(c->places, kept) == kept)
		g_hash_table_remove(c->places, kept);
	*kept = (struct kept_cell){hash, sequence};
	g_hash_table_add(c->places, kept);
}

void kept_cells_damage(struct kept_cells *c, const struct picture *picture,
    const struct block_set *damage, const struct debt *debt)
{
	/* Where copies wait, blocks show something that they are to lose anyway. */
	if (debt->count)
		return;
	for (unsigned row = 0; row < damage->rows && damage->count; row++)
		for (unsigned column = 0; column < damage->columns; column++) {
			unsigned at = row * damage->columns + column;
			struct block_hash rested = picture->rested[at];
			if (!block_set_has(damage, column, row) || block_hash_is_none(rested) ||
			    block_set_has(&debt->owed, column, row) ||
			    block_set_has(&debt->shown.rough, column, row) ||
			    !block_hash_is_none(c->leaving[at]) || find(c, rested) < MTP_CELLS)
				continue;
			c->leaving[at] = rested;
			c->leaving_any = true;
		}
}

static void write_tile(enum mtp_tile_kind kind, const struct picture *picture,
    const struct block_set *grid, const unsigned span[4], unsigned cell, struct mtp_writer *w)
{
	struct rectangle r = block_set_pixels(grid, span[0], span[1], span[2], span[3]);
	struct mtp_tile tile = {.kind = (uint8_t)kind,
	    .x = (uint16_t)r.x,
	    .y = (uint16_t)r.y,
	    .width = (uint16_t)r.width,
	    .height = (uint16_t)r.height,
	    .cell = (uint16_t)cell};
	mtp_tile_write(&tile, (uint16_t)picture->width, (uint16_t)picture->height, w);
}

static bool leaves(const struct kept_cells *c, const struct picture *picture, unsigned column,
    unsigned row, unsigned columns)
{
	if (column + columns > picture->columns || row >= picture->rows)
		return false;
	for (unsigned i = column; i < column + columns; i++)
		if (block_hash_is_none(c->leaving[row * picture->columns + i]))
			return false;
	return true;
}

/* Keeps the blocks of a rectangle, of at most MTP_CELLS. */
static unsigned keep(
    struct kept_cells *c, const struct picture *picture, const unsigned span[4], uint32_t sequence)
{
	unsigned n = span[2] * span[3];
	unsigned first = c->next + n <= MTP_CELLS ? c->next : 0, cell = first;
	for (unsigned row = span[1]; row < span[1] + span[3]; row++)
		for (unsigned column = span[0]; column < span[0] + span[2]; column++) {
			struct block_hash *hash = &c->leaving[row * picture->columns + column];
			fill(c, cell++, *hash, sequence);
			*hash = (struct block_hash){0};
		}
	c->next = cell % MTP_CELLS;
	return first;
}

void kept_cells_resume(
    struct kept_cells *c, const struct kept_cell kept[MTP_CELLS], unsigned next, uint32_t sequence)
{
	c->next = next;
	for (unsigned i = 0; i < MTP_CELLS; i++)
		if (!block_hash_is_none(kept[i].hash) && kept[i].sequence <= sequence)
			fill(c, i, kept[i].hash, 0);
}

unsigned kept_cells_write_keep(
    struct kept_cells *c, const struct picture *picture, uint32_t sequence, struct mtp_writer *w)
{
	const struct block_set grid = {
	    picture->width, picture->height, picture->columns, picture->rows, 0, NULL};
	unsigned tiles = 0;
	if (!c->leaving_any)
		return 0;
	for (unsigned row = 0; row < picture->rows; row++)
		for (unsigned column = 0; column < picture->columns; column++) {
			/* One colour alone is cheaper to send than to remember. */
			if (!leaves(c, picture, column, row, 1) ||
			    block_hash_is_plain(c->leaving[row * picture->columns + column]))
				continue;
			unsigned columns = 1, rows = 1;
			while (leaves(c, picture, column, row, columns + 1))
				columns++;
			while (leaves(c, picture, column, row + rows, columns) &&
			       columns * (rows + 1) <= MTP_CELLS)
				rows++;
			const unsigned span[4] = {column, row, columns, rows};
			write_tile(MTP_TILE_KEEP, picture, &grid, span,
			    keep(c, picture, span, sequence), w);
			tiles++;
		}
	memset(c->leaving, 0, (size_t)picture->columns * picture->rows * sizeof *c->leaving);
	c->leaving_any = false;
	return tiles;
}

/* Are these blocks owed, and held by the cells from `cell` on? */
static bool are_kept(const struct kept_cells *c, const struct picture *picture,
    const struct block_set *owed, unsigned column, unsigned row, unsigned columns, unsigned cell)
{
	if (column + columns > owed->columns || row >= owed->rows)
		return false;
	for (unsigned i = 0; i < columns; i++)
		if (!block_set_has(owed, column + i, row) || cell + i >= MTP_CELLS ||
		    !block_hash_is_equal(
		        c->kept[cell + i].hash, picture_block_hash(picture, column + i, row)))
			return false;
	return true;
}

/* The cell that holds this block, or, when that is plain, which many are, goes with the next one to
 * the right that is not; MTP_CELLS: none. */
static unsigned find_run(const struct kept_cells *c, const struct picture *picture,
    const struct block_set *owed, unsigned column, unsigned row)
{
	unsigned plain = 0;
	while (column + plain < owed->columns && block_set_has(owed, column + plain, row)) {
		struct block_hash hash = picture_block_hash(picture, column + plain, row);
		if (block_hash_is_plain(hash)) {
			plain++;
			continue;
		}
		unsigned cell = find(c, hash);
		return cell < MTP_CELLS && cell >= plain &&
		               are_kept(c, picture, owed, column, row, plain, cell - plain)
		           ? cell - plain
		           : MTP_CELLS;
	}
	return MTP_CELLS;
}

unsigned kept_cells_write_recall(struct kept_cells *c, const struct picture *picture,
    struct block_set *owed, struct fidelity *shown, struct mtp_writer *w)
{
	unsigned tiles = 0;
	if (!g_hash_table_size(c->places))
		return 0;
	for (unsigned row = 0; row < owed->rows && owed->count; row++)
		for (unsigned column = 0; column < owed->columns; column++) {
			if (!block_set_has(owed, column, row))
				continue;
			unsigned cell = find_run(c, picture, owed, column, row);
			if (cell == MTP_CELLS)
				continue;
			unsigned columns = 1, rows = 1;
			while (are_kept(c, picture, owed, column + columns, row, 1, cell + columns))
				columns++;
			while (are_kept(
			    c, picture, owed, column, row + rows, columns, cell + rows * columns))
				rows++;
			const unsigned span[4] = {column, row, columns, rows};
			write_tile(MTP_TILE_RECALL, picture, owed, span, cell, w);
			struct rectangle r = block_set_pixels(owed, column, row, columns, rows);
			block_set_remove_within(owed, r);
			fidelity_exact(shown, r);
			tiles++;
		}
	return tiles;
}
