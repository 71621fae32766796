/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/scroll.h"

#include <glib.h>
#include <string.h>

/* Smaller ones are cheap to send as they are. */
#define MIN_SIDE 64u /* pixels of the damage's bounds, both ways */
#define MIN_RUN 48u  /* rows that moved together */
#define MIN_VOTES 16u

/* A line is a row or a column of the damage's bounds. */
struct lines {
	unsigned count;
	uint64_t *before, *now; /* hashes */
};

static const uint64_t factor = 0x9e3779b97f4a7c15;

/* Four chains, because one multiplication waits for the other. */
static uint64_t hash_row(const uint32_t *pixels, unsigned n)
{
	uint64_t h[4] = {1, 2, 3, 4};
	unsigned i = 0;
	for (; i + 4 <= n; i += 4)
		for (unsigned k = 0; k < 4; k++)
			h[k] = (h[k] ^ pixels[i + k]) * factor;
	for (; i < n; i++)
		h[0] = (h[0] ^ pixels[i]) * factor;
	uint64_t all = h[0];
	for (unsigned k = 1; k < 4; k++)
		all = ((all ^ all >> 29) + h[k]) * factor;
	return all ^ all >> 32;
}

static void hash_rows(const uint32_t *pixels, unsigned stride, struct rectangle r, uint64_t *hashes)
{
	for (unsigned y = 0; y < r.height; y++)
		hashes[y] = hash_row(pixels + (size_t)(r.y + y) * stride + r.x, r.width);
}

static void hash_columns(
    const uint32_t *pixels, unsigned stride, struct rectangle r, uint64_t *hashes)
{
	memset(hashes, 0, r.width * sizeof *hashes);
	for (unsigned y = 0; y < r.height; y++) {
		const uint32_t *row = pixels + (size_t)(r.y + y) * stride + r.x;
		for (unsigned x = 0; x < r.width; x++)
			hashes[x] = (hashes[x] ^ row[x]) * factor;
	}
}

/* The damage's bounds to the pixel, as far as the sides go: what moved often lies in a frame that
 * stands still, and the blocks' edges would take in a part of that. */
static struct rectangle exact_bounds(const struct picture *picture, const struct block_set *damage)
{
	struct rectangle b = block_set_bounds(damage);
	unsigned left = b.x + b.width, right = b.x, top = b.y + b.height, bottom = b.y;
	for (unsigned y = b.y; y < b.y + b.height; y++) {
		const uint32_t *now = picture->now + (size_t)y * picture->width;
		const uint32_t *before = picture->before + (size_t)y * picture->width;
		if (memcmp(now + b.x, before + b.x, b.width * sizeof *now) == 0)
			continue;
		top = MIN(top, y);
		bottom = y + 1;
		for (unsigned x = b.x; x < left; x++)
			if (now[x] != before[x])
				left = x;
		for (unsigned x = b.x + b.width; x > right; x--)
			if (now[x - 1] != before[x - 1])
				right = x;
	}
	if (right <= left || bottom <= top)
		return (struct rectangle){0};
	return (struct rectangle){left, top, right - left, bottom - top};
}

/* How far most lines moved, told by those whose hash is there once only; 0: nowhere. Votes for a
 * distance d are counted at [count + d]. */
static int find_distance(const struct lines *lines)
{
	g_autoptr(GHashTable) places = g_hash_table_new(g_int64_hash, g_int64_equal);
	for (unsigned i = 0; i < lines->count; i++) {
		/* A plain line says nothing about where it came from. */
		bool twice = g_hash_table_contains(places, &lines->before[i]);
		g_hash_table_insert(places, &lines->before[i], GUINT_TO_POINTER(twice ? 0 : i + 1));
	}
	g_autofree unsigned *votes = g_new0(unsigned, 2 * lines->count + 1);
	int best = 0;
	for (unsigned i = 0; i < lines->count; i++) {
		unsigned place = GPOINTER_TO_UINT(g_hash_table_lookup(places, &lines->now[i]));
		if (!place || place - 1 == i)
			continue;
		int distance = (int)i - (int)(place - 1);
		unsigned at = (unsigned)(distance + (int)lines->count);
		votes[at]++;
		if (votes[at] > votes[(unsigned)(best + (int)lines->count)])
			best = distance;
	}
	return votes[(unsigned)(best + (int)lines->count)] >= MIN_VOTES ? best : 0;
}

/* The longest run of lines that all moved by `distance`; *start and its length. */
static unsigned longest_run(const struct lines *lines, int distance, unsigned *start)
{
	unsigned best = 0, run = 0;
	for (unsigned i = 0; i < lines->count; i++) {
		int from = (int)i - distance;
		bool same =
		    from >= 0 && from < (int)lines->count && lines->now[i] == lines->before[from];
		run = same ? run + 1 : 0;
		if (run > best) {
			best = run;
			*start = i + 1 - run;
		}
	}
	return best;
}

static bool is_exact(const struct picture *picture, const struct scroll *s)
{
	for (unsigned y = 0; y < s->target.height; y++) {
		const uint32_t *now = picture_at(picture, s->target.x, s->target.y + y);
		const uint32_t *before =
		    picture->before + (size_t)(s->source_y + y) * picture->width + s->source_x;
		if (memcmp(now, before, s->target.width * sizeof *now) != 0)
			return false;
	}
	return true;
}

bool scroll_find(
    const struct picture *picture, const struct block_set *damage, struct scroll *scroll)
{
	struct rectangle b = block_set_bounds(damage);
	if (b.width < MIN_SIDE || b.height < MIN_SIDE)
		return false;
	b = exact_bounds(picture, damage);
	if (b.width < MIN_SIDE || b.height < MIN_SIDE)
		return false;
	unsigned most = MAX(b.width, b.height);
	g_autofree uint64_t *before = g_new(uint64_t, most);
	g_autofree uint64_t *now = g_new(uint64_t, most);
	struct lines lines = {.count = b.height, .before = before, .now = now};
	unsigned start = 0, run = 0;

	hash_rows(picture->before, picture->width, b, before);
	hash_rows(picture->now, picture->width, b, now);
	int distance = find_distance(&lines);
	if (distance)
		run = longest_run(&lines, distance, &start);
	if (run >= MIN_RUN) {
		scroll->target = (struct rectangle){b.x, b.y + start, b.width, run};
		scroll->source_x = b.x;
		scroll->source_y = (unsigned)((int)(b.y + start) - distance);
		return is_exact(picture, scroll);
	}

	lines.count = b.width;
	hash_columns(picture->before, picture->width, b, before);
	hash_columns(picture->now, picture->width, b, now);
	distance = find_distance(&lines);
	run = distance ? longest_run(&lines, distance, &start) : 0;
	if (run < MIN_RUN)
		return false;
	scroll->target = (struct rectangle){b.x + start, b.y, run, b.height};
	scroll->source_x = (unsigned)((int)(b.x + start) - distance);
	scroll->source_y = b.y;
	return is_exact(picture, scroll);
}
