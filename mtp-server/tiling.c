/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/tiling.h"

#include <string.h>

#define SIDE_MAX (256 / BLOCK) /* blocks of a tile's side; 256 * 256 is MTP_MAX_TILE */

struct tiling {
	struct tile_encoder *encoder;
	uint8_t *contents; /* a block's enum content + 1; 0: not looked at yet */
	size_t size;       /* of contents */
	struct palette palette, wider;
	uint8_t *drawn; /* DRAWN_BYTES_MAX: a tile on its way to the writer */
};

struct tiling *tiling_new(void)
{
	struct tiling *tiling = g_new0(struct tiling, 1);
	tiling->encoder = tile_encoder_new();
	tiling->drawn = g_malloc(DRAWN_BYTES_MAX);
	return tiling;
}

void tiling_free(struct tiling *tiling)
{
	if (!tiling)
		return;
	tile_encoder_free(tiling->encoder);
	g_free(tiling->contents);
	g_free(tiling->drawn);
	g_free(tiling);
}

static enum content content_of(struct tiling *t, const struct picture *picture,
    const struct block_set *owed, unsigned column, unsigned row)
{
	uint8_t *known = &t->contents[row * owed->columns + column];
	if (!*known) {
		struct rectangle r = block_set_has(owed, column, row)
		                         ? block_set_part(owed, column, row, 1, 1)
		                         : block_set_pixels(owed, column, row, 1, 1);
		*known = (uint8_t)(1 + tile_content(picture, r, &t->wider));
	}
	return (enum content)(*known - 1);
}

/* May this stretch of blocks join a tile that began with `content`? Widens the palette. */
static bool joins(struct tiling *t, const struct picture *picture, const struct block_set *owed,
    enum content content, unsigned column, unsigned row, unsigned columns)
{
	for (unsigned i = column; i < column + columns; i++)
		if (!block_set_has(owed, i, row) || content_of(t, picture, owed, i, row) != content)
			return false;
	if (content == CONTENT_MANY)
		return true;
	struct rectangle r = block_set_part(owed, column, row, columns, 1);
	t->wider = t->palette;
	if (!palette_add_rectangle(&t->wider, picture, r) ||
	    (content == CONTENT_PLAIN && t->wider.size > 1))
		return false;
	t->palette = t->wider;
	return true;
}

/* Do the parts of these blocks nearly fill the rectangle around them? One colour has to fill it. */
static bool is_dense(const struct block_set *owed, enum content content, unsigned column,
    unsigned row, unsigned columns, unsigned rows)
{
	struct rectangle around = block_set_part(owed, column, row, columns, rows);
	size_t area = (size_t)around.width * around.height;
	size_t filled = block_set_area(owed, column, row, columns, rows);
	return content == CONTENT_PLAIN ? area == filled : area <= filled + filled / 4;
}

/* The blocks of the tile that begins here: as far to the right as like content goes, then as many
 * whole rows down. */
static void grow(struct tiling *t, const struct picture *picture, const struct block_set *owed,
    enum content content, unsigned column, unsigned row, unsigned *columns, unsigned *rows)
{
	bool bounded = content != CONTENT_PLAIN;
	*columns = *rows = 1;
	palette_init(&t->palette);
	if (content != CONTENT_MANY)
		palette_add_rectangle(
		    &t->palette, picture, block_set_part(owed, column, row, 1, 1));
	while (column + *columns < owed->columns && !(bounded && *columns == SIDE_MAX) &&
	       joins(t, picture, owed, content, column + *columns, row, 1) &&
	       is_dense(owed, content, column, row, *columns + 1, *rows))
		++*columns;
	while (row + *rows < owed->rows && !(bounded && *rows == SIDE_MAX) &&
	       joins(t, picture, owed, content, column, row + *rows, *columns) &&
	       is_dense(owed, content, column, row, *columns, *rows + 1))
		++*rows;
}

/* Between the parts lie pixels that nobody looked at yet. */
static enum content look_between(
    struct tiling *t, const struct picture *picture, struct rectangle r, enum content content)
{
	if (content != CONTENT_FEW)
		return content;
	palette_init(&t->palette);
	return palette_add_rectangle(&t->palette, picture, r) ? CONTENT_FEW : CONTENT_MANY;
}

/* May these blocks, the last column or row of a DRAWN tile, be part of it? Some of them need not be
 * owed: what the client shows already costs less to say again than another tile does. */
static bool are_drawn(struct tiling *t, const struct picture *picture, const struct block_set *owed,
    unsigned column, unsigned row, unsigned columns, unsigned rows)
{
	for (unsigned j = row; j < row + rows; j++)
		for (unsigned i = column; i < column + columns; i++)
			if (content_of(t, picture, owed, i, j) == CONTENT_MANY)
				return false;
	return true;
}

static bool is_worth_it(
    const struct block_set *owed, unsigned column, unsigned row, unsigned columns, unsigned rows)
{
	struct rectangle r = block_set_part(owed, column, row, columns, rows);
	size_t area = (size_t)r.width * r.height;
	return area <= DRAWN_PIXELS_MAX &&
	       area <= 2 * block_set_area(owed, column, row, columns, rows);
}

/* The rectangle of the DRAWN tile that begins here: plain blocks and drawn ones alike, as far to
 * the right as they go, then down. */
static struct rectangle grow_drawn(struct tiling *t, const struct picture *picture,
    const struct block_set *owed, unsigned column, unsigned row)
{
	unsigned columns = 1, rows = 1;
	while (column + columns < owed->columns &&
	       are_drawn(t, picture, owed, column + columns, row, 1, 1) &&
	       is_worth_it(owed, column, row, columns + 1, 1))
		columns++;
	while (row + rows < owed->rows && block_set_area(owed, column, row + rows, columns, 1) &&
	       are_drawn(t, picture, owed, column, row + rows, columns, 1) &&
	       is_worth_it(owed, column, row, columns, rows + 1))
		rows++;
	return block_set_part(owed, column, row, columns, rows);
}

static bool is_plain(const struct picture *picture, struct rectangle r)
{
	uint32_t colour = *picture_at(picture, r.x, r.y) & 0xffffff;
	for (unsigned y = 0; y < r.height; y++) {
		const uint32_t *pixel = picture_at(picture, r.x, r.y + y);
		for (unsigned x = 0; x < r.width; x++)
			if ((pixel[x] & 0xffffff) != colour)
				return false;
	}
	return true;
}

/* Does the viewer show the two rows there, and exactly? Copies have been made before any tile. */
static bool is_shown(
    const struct block_set *owed, const struct fidelity *shown, struct rectangle rows)
{
	return !block_set_touches(owed, rows) && !block_set_touches(&shown->rough, rows);
}

static unsigned known_rows(
    const struct block_set *owed, const struct fidelity *shown, struct rectangle r)
{
	struct rectangle above = {r.x, r.y - 2, r.width, 2};
	struct rectangle below = {r.x, r.y + r.height, r.width, 2};
	if (r.y >= 2 && is_shown(owed, shown, above))
		return DRAWN_ABOVE;
	if (below.y + 2 <= owed->height && is_shown(owed, shown, below))
		return DRAWN_BELOW;
	return 0;
}

/* Writes the rectangle as one DRAWN tile; false when it does not suit. */
static bool write_drawn(struct tiling *t, const struct picture *picture, struct rectangle r,
    const struct block_set *owed, const struct fidelity *shown, const struct tile_demand *demand,
    struct mtp_writer *w)
{
	struct mtp_tile tile;
	unsigned known = known_rows(owed, shown, r);
	if (is_plain(picture, r) ||
	    !drawn_encoder_encode(demand->drawn, picture, r, known, t->drawn, &tile))
		return false;
	mtp_tile_write(&tile, (uint16_t)picture->width, (uint16_t)picture->height, w);
	return true;
}

/* One tile, made or remembered. False when it does not fit. */
static bool write_tile(struct tiling *t, const struct picture *picture, struct rectangle r,
    enum content content, const struct tile_demand *demand, struct tile_cache *cache, size_t limit,
    bool first, struct mtp_writer *w, uint8_t *kind)
{
	uint64_t version = cache ? picture_version_of(picture, r) : 0;
	GBytes *known = cache ? tile_cache_get(cache, r, version, demand) : NULL;
	struct mtp_writer before = *w;
	if (known) {
		size_t n;
		const uint8_t *bytes = g_bytes_get_data(known, &n);
		mtp_write_bytes(w, bytes, n);
		*kind = bytes[0];
	} else {
		struct mtp_tile tile;
		if (!tile_encode(t->encoder, picture, r, content, &t->palette, demand, &tile))
			g_error("a tile of %ux%u pixels cannot be encoded", r.width, r.height);
		mtp_tile_write(&tile, (uint16_t)picture->width, (uint16_t)picture->height, w);
		*kind = tile.kind;
		if (cache && !w->failed)
			tile_cache_put(cache, r, version, demand, w->bytes + before.size,
			    w->size - before.size);
	}
	if (!w->failed && (first || w->size <= limit))
		return true;
	*w = before;
	return false;
}

struct tiling_result tiling_write(struct tiling *t, const struct picture *picture,
    struct block_set *owed, struct fidelity *shown, const struct tile_demand *demand,
    struct tile_cache *cache, size_t limit, struct mtp_writer *w)
{
	struct tiling_result result = {0};
	size_t size = (size_t)owed->columns * owed->rows;
	if (t->size != size) {
		t->contents = g_realloc(t->contents, size);
		t->size = size;
	}
	memset(t->contents, 0, size);
	for (unsigned row = 0; row < owed->rows && owed->count; row++)
		for (unsigned column = 0; column < owed->columns; column++) {
			if (!block_set_has(owed, column, row))
				continue;
			enum content content = content_of(t, picture, owed, column, row);
			if (demand->drawn && content != CONTENT_MANY) {
				struct rectangle r = grow_drawn(t, picture, owed, column, row);
				/* What has been encoded is part of the state: no way back. */
				if (result.tiles && w->size >= limit) {
					result.more = true;
					return result;
				}
				if (write_drawn(t, picture, r, owed, shown, demand, w)) {
					result.tiles++;
					block_set_remove_within(owed, r);
					fidelity_exact(shown, r);
					continue;
				}
			}
			unsigned columns, rows;
			grow(t, picture, owed, content, column, row, &columns, &rows);
			struct rectangle r = block_set_part(owed, column, row, columns, rows);
			content = look_between(t, picture, r, content);
			uint8_t kind;
			size_t before = w->size;
			if (result.tiles == UINT16_MAX ||
			    !write_tile(t, picture, r, content, demand, cache, limit,
			        result.tiles == 0, w, &kind)) {
				result.more = true;
				return result;
			}
			result.tiles++;
			block_set_remove_within(owed, r);
			if (kind == MTP_TILE_JPEG && demand->quality == TILE_FINE)
				fidelity_fine(shown, r);
			else if (kind == MTP_TILE_JPEG) {
				fidelity_poor(shown, r);
				result.rough += w->size - before;
			} else
				fidelity_exact(shown, r);
		}
	return result;
}
