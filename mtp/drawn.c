/* SPDX-License-Identifier: MIT */
#include "mtp/drawn.h"

#include "mtp/drawn_checksum.h"
#include "mtp/wire.h"

#define OPAQUE 255

void drawn_init(struct drawn *d)
{
	glyphs_init(&d->glyphs);
	colour_model_init(&d->colours);
	range_bits_init(&d->whole[0][0], sizeof d->whole / sizeof(range_bit));
	for (unsigned i = 0; i < 2; i++)
		range_number_init(&d->stretch[i]);
	memset(d->covered, 0, sizeof d->covered);
	d->tiles = d->checksum = d->referred = 0;
	d->used = false;
}

bool drawn_is_reset(const uint8_t *bytes, size_t n)
{
	return n && bytes[0] & DRAWN_RESET;
}

/* One side's pixels, whichever side it is: rows are read, and in decoding written. */
struct drawn_picture {
	const struct drawn_source *source;
	const struct drawn_target *target;
};

RANGE_INLINE void load_row(struct drawn_picture p, unsigned x, unsigned y, unsigned width,
    uint32_t *row, const bool decoding)
{
	if (decoding) {
		const uint8_t *in = p.target->pixels + ((size_t)y * p.target->width + x) * 4;
		for (unsigned i = 0; i < width; i++, in += 4)
			row[i] = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
	} else {
		const uint32_t *in = p.source->pixels + (size_t)y * p.source->width + x;
		for (unsigned i = 0; i < width; i++)
			row[i] = in[i] & 0xffffff;
	}
}

static void store_row(
    const struct drawn_target *target, unsigned x, unsigned y, unsigned width, const uint32_t *row)
{
	uint8_t *out = target->pixels + ((size_t)y * target->width + x) * 4;
	for (unsigned i = 0; i < width; i++, out += 4) {
		out[0] = (uint8_t)(row[i] >> 16);
		out[1] = (uint8_t)(row[i] >> 8);
		out[2] = (uint8_t)row[i];
		out[3] = OPAQUE;
	}
}

/* Beside a row its outermost pixels go on. */
static void pad_right(uint32_t *row, unsigned width)
{
	for (unsigned i = 0; i < DRAWN_MARGIN; i++)
		row[width + i] = row[width - 1];
}

static void pad_left(uint32_t *row, uint32_t colour)
{
	for (int i = 1; i <= DRAWN_MARGIN; i++)
		row[-i] = colour;
}

/* How many pixels from here on have a plain neighbourhood if they go on plain themselves. */
static inline unsigned plain_length(const uint32_t *up, unsigned x, unsigned width)
{
	uint32_t colour = up[x];
	unsigned end = x + 1;
	while (end <= width && up[end] == colour)
		end++;
	return end - 1 - x;
}

static inline unsigned uncovered_length(const struct drawn *d, unsigned x, unsigned length)
{
	const uint8_t *end = memchr(d->covered + x, 1, length);
	return end ? (unsigned)(end - (d->covered + x)) : length;
}

static inline unsigned bits_of(unsigned n)
{
	return 31u - (unsigned)__builtin_clz(n);
}

/* A stretch of one colour: is it plain to its end, or how far? */
RANGE_INLINE unsigned code_stretch(struct range_coder *c, struct drawn *d, unsigned length,
    unsigned run, unsigned context, const bool decoding)
{
	range_bit *whole = &d->whole[bits_of(length)][context];
	if (range_code(c, whole, run == length, 200, decoding))
		return length;
	run = range_code_number(c, &d->stretch[context & 1], run, decoding);
	return run < length ? run : length - 1; /* of a liar */
}

RANGE_INLINE void code_row(struct range_coder *c, struct drawn *d, uint32_t *row,
    const uint32_t *up, const uint32_t *up2, unsigned width, const bool decoding)
{
	unsigned broken = 0; /* the last two stretches ended early */
	for (unsigned x = 0; x < width; x++) {
		if (d->covered[x])
			continue;
		uint32_t *at = row + x, except = COLOUR_NONE;
		uint32_t plain = at[-1];
		if (up[x] == plain && up[x + 1] == plain && up[(int)x - 1] == plain) {
			unsigned length = plain_length(up, x, width), run = 0;
			if (d->in_tile.n_active)
				length = uncovered_length(d, x, length);
			if (!decoding)
				while (run < length && at[run] == plain)
					run++;
			run = code_stretch(c, d, length, run, broken, decoding);
			if (decoding)
				for (unsigned i = 0; i < run; i++)
					at[i] = plain;
			broken = (broken << 1 | (run < length)) & 3;
			x += run;
			if (run == length) {
				x--;
				continue;
			}
			at = row + x;
			except = plain;
		}
		struct colour_place place = {at, up + x, up2 + x};
		if (decoding)
			*at = colour_decode(c, &d->colours, place, except);
		else
			colour_encode(c, &d->colours, place, *at, except);
	}
}

/* The two rows in front of the first: known ones of the screen, or one colour that is told. */
RANGE_INLINE void code_context(struct range_coder *c, struct drawn *d, struct drawn_picture p,
    struct drawn_area a, unsigned flags, uint32_t *const rows[3], const bool decoding)
{
	unsigned first = flags & DRAWN_BELOW ? a.y + a.height : a.y - 1;
	unsigned second = flags & DRAWN_BELOW ? first + 1 : first - 1;
	if (flags & (DRAWN_ABOVE | DRAWN_BELOW)) {
		load_row(p, a.x, first, a.width, rows[1], decoding);
		load_row(p, a.x, second, a.width, rows[2], decoding);
	} else {
		uint32_t colour = 0;
		if (!decoding)
			load_row(p, a.x, a.y, 1, &colour, false);
		memset(rows[0] - DRAWN_MARGIN, 0, (2 * DRAWN_MARGIN + 1) * sizeof(uint32_t));
		memset(rows[1] - DRAWN_MARGIN, 0, (2 * DRAWN_MARGIN + 1) * sizeof(uint32_t));
		memset(rows[2] - DRAWN_MARGIN, 0, (2 * DRAWN_MARGIN + 1) * sizeof(uint32_t));
		struct colour_place place = {rows[0], rows[1], rows[2]};
		if (decoding)
			colour = colour_decode(c, &d->colours, place, COLOUR_NONE);
		else
			colour_encode(c, &d->colours, place, colour, COLOUR_NONE);
		for (unsigned i = 0; i < a.width; i++)
			rows[1][i] = rows[2][i] = colour;
	}
	for (unsigned i = 1; i < 3; i++) {
		pad_left(rows[i], rows[i][0]);
		pad_right(rows[i], a.width);
	}
}

/* Marks what glyphs have drawn of the row, which is the tile's i-th on the way. */
RANGE_INLINE void cover_row(struct drawn *d, struct drawn_picture p, struct drawn_area a,
    unsigned y, unsigned i, uint32_t *row, const bool decoding)
{
	struct drawn_glyphs *in = &d->in_tile;
	unsigned kept = 0;
	for (uint16_t k = in->first[i]; k; k = in->next[k - 1])
		in->active[in->n_active++] = (uint16_t)(k - 1);
	memset(d->covered, 0, a.width);
	for (unsigned k = 0; k < in->n_active; k++) {
		const struct glyph_place *g = &in->places[in->active[k]];
		if (y - a.y - g->y >= g->height)
			continue; /* is over */
		in->active[kept++] = in->active[k];
		memset(d->covered + g->x, 1, g->width);
		if (decoding)
			load_row(p, a.x + g->x, y, g->width, row + g->x, true);
	}
	in->n_active = kept;
}

RANGE_INLINE void code_rows(struct range_coder *c, struct drawn *d, struct drawn_picture p,
    struct drawn_area a, unsigned flags, const bool decoding)
{
	uint32_t *rows[3];
	for (unsigned i = 0; i < 3; i++)
		rows[i] = d->rows[i] + DRAWN_MARGIN;
	code_context(c, d, p, a, flags, rows, decoding);
	for (unsigned i = 0; i < a.height; i++) {
		unsigned y = flags & DRAWN_BELOW ? a.y + a.height - 1 - i : a.y + i;
		if (!decoding)
			load_row(p, a.x, y, a.width, rows[0], false);
		if (d->in_tile.n)
			cover_row(d, p, a, y, i, rows[0], decoding);
		pad_left(rows[0], rows[1][0]);
		code_row(c, d, rows[0], rows[1], rows[2], a.width, decoding);
		pad_right(rows[0], a.width);
		if (decoding)
			store_row(p.target, a.x, y, a.width, rows[0]);
		uint32_t *oldest = rows[2];
		rows[2] = rows[1];
		rows[1] = rows[0];
		rows[0] = oldest;
	}
	memset(d->covered, 0, a.width);
	d->in_tile.n_active = 0;
}

static bool fits(const struct glyph_place *p, struct drawn_area a, size_t *area)
{
	if (!p->width || !p->height || p->width > GLYPH_SIDE || p->height > GLYPH_SIDE ||
	    p->width * p->height > GLYPH_AREA || p->width * p->height > *area)
		return false;
	*area -= (size_t)p->width * p->height;
	return p->x <= a.width - p->width && p->y <= a.height - p->height && p->width <= a.width &&
	       p->height <= a.height;
}

/* A glyph's pixels: decoding draws the known and keeps the new. */
RANGE_INLINE void code_glyph(struct range_coder *c, struct drawn *d, struct drawn_picture p,
    struct drawn_area a, struct glyph_place *place, const bool decoding)
{
	struct drawn_area box = {a.x + place->x, a.y + place->y, place->width, place->height};
	bool is_new = place->index == GLYPHS;
	if (is_new) {
		place->index = glyphs_add(&d->glyphs, box.width, box.height);
		code_rows(c, d, p, box, 0, decoding);
	} else {
		d->referred++;
	}
	uint32_t *pixels = d->glyphs.pixels[place->index];
	for (unsigned y = 0; y < box.height; y++, pixels += box.width)
		if (is_new)
			load_row(p, box.x, box.y + y, box.width, pixels, decoding);
		else if (decoding)
			store_row(p.target, box.x, box.y + y, box.width, pixels);
	if (is_new && !decoding)
		glyphs_note(&d->glyphs, place->index);
	glyphs_follow(&d->glyphs, place);
}

/* Places are noted for the rows once all glyphs are there: a glyph's own rows leave out nothing. */
static void note_places(struct drawn *d, struct drawn_area a, unsigned flags, unsigned n)
{
	struct drawn_glyphs *in = &d->in_tile;
	memset(in->first, 0, a.height * sizeof in->first[0]);
	for (unsigned i = n; i-- > 0;) {
		const struct glyph_place *p = &in->places[i];
		unsigned row = flags & DRAWN_BELOW ? a.height - p->y - p->height : p->y;
		in->next[i] = in->first[row];
		in->first[row] = (uint16_t)(i + 1);
	}
	in->n = n;
}

static void encode_glyphs(struct range_coder *c, struct drawn *d, struct drawn_picture p,
    struct drawn_area a, unsigned flags, const struct drawn_letters *letters)
{
	unsigned n = 0;
	for (; n < letters->n; n++) {
		struct glyph_place *place = &d->in_tile.places[n];
		*place = letters->places[n];
		place->index = glyphs_find(&d->glyphs,
		    p.source->pixels + (size_t)(a.y + place->y) * p.source->width + a.x + place->x,
		    p.source->width, place->width, place->height);
		glyphs_encode(c, &d->glyphs, place);
		code_glyph(c, d, p, a, place, false);
	}
	glyphs_encode(c, &d->glyphs, NULL);
	note_places(d, a, flags, n);
}

/* False: what is said cannot be. */
static bool decode_glyphs(struct range_coder *c, struct drawn *d, struct drawn_picture p,
    struct drawn_area a, unsigned flags)
{
	size_t area = (size_t)a.width * a.height;
	unsigned n = 0;
	struct glyph_place place;
	while (glyphs_decode(c, &d->glyphs, &place)) {
		if (n == GLYPHS_IN_TILE || !fits(&place, a, &area))
			return false;
		code_glyph(c, d, p, a, &place, true);
		d->in_tile.places[n++] = place;
	}
	note_places(d, a, flags, n);
	return true;
}

/* Tables that are new still are left alone: it takes long to make them so. */
static void drawn_reset(struct drawn *d)
{
	if (d->used)
		drawn_init(d);
}

static void begin_tile(struct drawn *d)
{
	glyphs_begin(&d->glyphs);
	d->used = true;
	d->in_tile.n = d->in_tile.n_active = 0;
	d->referred = 0;
}

size_t drawn_encode(struct drawn *d, const struct drawn_source *source, struct drawn_area area,
    const struct drawn_letters *letters, unsigned flags, uint8_t *out, size_t room)
{
	struct mtp_writer w = mtp_writer_of(out, room);
	if (flags & DRAWN_RESET)
		drawn_reset(d);
	if (letters->n)
		flags |= DRAWN_GLYPHS;
	if (d->tiles % DRAWN_CHECK_EVERY == DRAWN_CHECK_EVERY - 1)
		flags |= DRAWN_CHECK;
	mtp_write_u8(&w, (uint8_t)flags);
	if (flags & DRAWN_CHECK)
		mtp_write_u32(&w, d->checksum);
	if (w.failed)
		return 0;
	struct range_coder c = range_encoder_of(out + w.size, room - w.size);
	struct drawn_picture picture = {.source = source};
	begin_tile(d);
	if (flags & DRAWN_GLYPHS)
		encode_glyphs(&c, d, picture, area, flags, letters);
	code_rows(&c, d, picture, area, flags, false);
	range_encoder_finish(&c);
	drawn_checksum_fold(d);
	return range_coder_failed(&c, false) ? 0 : (size_t)(c.out - out);
}

static bool flags_are_valid(unsigned flags, const struct drawn_target *target, struct drawn_area a)
{
	if (flags & ~(unsigned)DRAWN_FLAGS)
		return false;
	if (flags & DRAWN_ABOVE && (flags & DRAWN_BELOW || a.y < 2))
		return false;
	return !(flags & DRAWN_BELOW) || a.y + a.height + 2 <= target->height;
}

enum drawn_result drawn_decode(struct drawn *d, const struct drawn_target *target,
    struct drawn_area area, const uint8_t *bytes, size_t n)
{
	struct mtp_reader r = mtp_reader_of(bytes, n);
	unsigned flags = mtp_read_u8(&r);
	uint32_t check = flags & DRAWN_CHECK ? mtp_read_u32(&r) : 0;
	if (r.failed || !flags_are_valid(flags, target, area))
		return DRAWN_MALFORMED;
	if (flags & DRAWN_RESET)
		drawn_reset(d);
	if (flags & DRAWN_CHECK && check != d->checksum)
		return DRAWN_OUT_OF_STEP;
	struct range_coder c = range_decoder_of(r.bytes, r.size);
	struct drawn_picture picture = {.target = target};
	begin_tile(d);
	if (flags & DRAWN_GLYPHS && !decode_glyphs(&c, d, picture, area, flags))
		return DRAWN_OUT_OF_STEP;
	code_rows(&c, d, picture, area, flags, true);
	drawn_checksum_fold(d);
	return range_coder_failed(&c, true) || c.left ? DRAWN_OUT_OF_STEP : DRAWN_OK;
}
