/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/motion_region.h"

#include <glib.h>
#include <string.h>

/* A hole in what moved (a cursor that blinks, a digit that counts) is no reason to cut it in two:
 * the copy goes over it and the pixels are sent after it. */
#define HOLE_MAX 24u /* lines */
#define LINES_MIN 8u /* of a region, and on both sides of a hole */
/* What a piece tells that is unlike the one before it, as none is in a plain area. */
#define WEIGHT 16u

void region_grid_init(struct region_grid *g, unsigned bands, unsigned lines)
{
	*g = (struct region_grid){0};
	g->moved = g_malloc((size_t)bands * lines);
	g->changes = g_new(unsigned, ((size_t)bands + 1) * (lines + 1));
	g->runs = g_new(unsigned, bands + 1);
	g->stack = g_new(unsigned, bands + 1);
}

void region_grid_finish(struct region_grid *g)
{
	g_free(g->moved);
	g_free(g->changes);
	g_free(g->runs);
	g_free(g->stack);
	*g = (struct region_grid){0};
}

static uint8_t *moved_at(const struct region_grid *g, unsigned band, unsigned line)
{
	return &g->moved[(size_t)line * g->range.bands + band];
}

static void fill_holes(struct region_grid *g, unsigned band)
{
	unsigned run = 0, end = 0; /* lines that moved; one past the last long run */
	for (unsigned line = 0; line <= g->range.lines; line++) {
		if (line < g->range.lines && *moved_at(g, band, line)) {
			run++;
			continue;
		}
		if (run >= LINES_MIN) {
			if (end && line - run - end <= HOLE_MAX)
				for (unsigned i = end; i < line - run; i++)
					*moved_at(g, band, i) = 1;
			end = line;
		}
		run = 0;
	}
}

static void fill_band(struct region_grid *g, unsigned band)
{
	const struct line_hashes *h = g->hashes;
	size_t at = (size_t)(g->range.band + band) * h->lines + g->range.line;
	const uint32_t *now = h->now + at, *before = h->before + at;
	for (unsigned line = 0; line < g->range.lines; line++) {
		int from = (int)line - g->distance;
		*moved_at(g, band, line) =
		    from >= 0 && from < (int)g->range.lines && now[line] == before[from];
	}
	fill_holes(g, band);
}

void region_grid_fill(
    struct region_grid *g, const struct line_hashes *hashes, struct line_range range, int distance)
{
	g->hashes = hashes;
	g->range = range;
	g->distance = distance;
	for (unsigned band = 0; band < range.bands; band++)
		fill_band(g, band);
}

void region_grid_take(struct region_grid *g, struct line_range taken)
{
	for (unsigned line = taken.line; line < taken.line + taken.lines; line++)
		for (unsigned band = taken.band; band < taken.band + taken.bands; band++)
			if (line - g->range.line < g->range.lines &&
			    band - g->range.band < g->range.bands)
				*moved_at(g, band - g->range.band, line - g->range.line) = 0;
}

/* How much it tells that this piece moved; it has to have changed at all. */
static unsigned weight_of(const struct region_grid *g, unsigned band, unsigned line)
{
	const struct line_hashes *h = g->hashes;
	size_t at = (size_t)(g->range.band + band) * h->lines + g->range.line + line;
	if (!*moved_at(g, band, line) || h->now[at] == h->before[at])
		return 0;
	return line && h->now[at] != h->now[at - 1] ? WEIGHT : 1;
}

/* Summed area table (F. Crow, "Summed-area tables for texture mapping", 1984). */
static void sum_changes(struct region_grid *g)
{
	unsigned stride = g->range.bands + 1;
	memset(g->changes, 0, stride * sizeof *g->changes);
	for (unsigned line = 0; line < g->range.lines; line++) {
		unsigned *above = g->changes + (size_t)line * stride, *row = above + stride;
		unsigned sum = row[0] = 0;
		for (unsigned band = 0; band < g->range.bands; band++) {
			sum += weight_of(g, band, line);
			row[band + 1] = above[band + 1] + sum;
		}
	}
}

static unsigned changes_in(const struct region_grid *g, struct line_range r)
{
	size_t stride = g->range.bands + 1;
	const unsigned *top = g->changes + r.line * stride + r.band;
	const unsigned *bottom = top + r.lines * stride;
	return bottom[r.bands] - bottom[0] - top[r.bands] + top[0];
}

/* The best of the rectangles that end with this line: largest rectangle under a histogram, whose
 * bars are runs of lines that moved. */
static void try_line(
    struct region_grid *g, unsigned line, unsigned *best, struct line_range *region)
{
	unsigned depth = 0;
	for (unsigned band = 0; band <= g->range.bands; band++) {
		unsigned run = band < g->range.bands ? g->runs[band] : 0;
		while (depth && g->runs[g->stack[depth - 1]] >= run) {
			unsigned lines = g->runs[g->stack[--depth]];
			unsigned first = depth ? g->stack[depth - 1] + 1 : 0;
			if (lines < LINES_MIN)
				continue;
			struct line_range r = {first, band - first, line + 1 - lines, lines};
			unsigned changes = changes_in(g, r);
			if (changes > *best) {
				*best = changes;
				*region = r;
			}
		}
		g->stack[depth++] = band;
	}
}

unsigned region_grid_best(struct region_grid *g, struct line_range *region)
{
	unsigned best = 0, bands = g->range.bands;
	sum_changes(g);
	memset(g->runs, 0, bands * sizeof *g->runs);
	for (unsigned line = 0; line < g->range.lines; line++) {
		const uint8_t *moved = moved_at(g, 0, line);
		for (unsigned band = 0; band < bands; band++)
			g->runs[band] = moved[band] ? g->runs[band] + 1 : 0;
		/* What can go on with the next line does not end here. */
		if (line + 1 < g->range.lines && memcmp(moved, moved + bands, bands) == 0)
			continue;
		try_line(g, line, &best, region);
	}
	region->band += g->range.band;
	region->line += g->range.line;
	return best;
}
