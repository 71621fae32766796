/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/motion_distance.h"

#include <glib.h>
#include <string.h>

/* Pieces that have to agree: less is chance, or cheap to send as it is. */
#define VOTES_MIN 12
/* More bands than this and every other one votes: half tell as much as all. */
#define BANDS_ALL 12

/* Where a hash is, in one band before the change. */
struct distance_place {
	uint32_t hash;
	uint32_t line; /* + 1; 0: free */
	bool twice;    /* a plain piece says nothing about where it came from */
};

void distance_votes_init(struct distance_votes *v, unsigned lines)
{
	v->capacity = 16;
	while (v->capacity < 2 * lines)
		v->capacity *= 2;
	v->places = g_new(struct distance_place, v->capacity);
	v->votes = g_new(unsigned, 2 * (size_t)lines + 1);
}

void distance_votes_finish(struct distance_votes *v)
{
	g_free(v->places);
	g_free(v->votes);
	*v = (struct distance_votes){0};
}

static struct distance_place *find(const struct distance_votes *v, uint32_t hash)
{
	unsigned i = hash & (v->capacity - 1);
	while (v->places[i].line && v->places[i].hash != hash)
		i = (i + 1) & (v->capacity - 1);
	return &v->places[i];
}

static void remember(struct distance_votes *v, const uint32_t *before, struct line_range range)
{
	memset(v->places, 0, v->capacity * sizeof *v->places);
	for (unsigned i = range.line; i < range.line + range.lines; i++) {
		struct distance_place *place = find(v, before[i]);
		place->twice = place->line != 0;
		place->hash = before[i];
		place->line = i + 1;
	}
}

static void vote(
    struct distance_votes *v, const struct line_hashes *h, unsigned band, struct line_range range)
{
	const uint32_t *before = h->before + (size_t)band * h->lines;
	const uint32_t *now = h->now + (size_t)band * h->lines;
	unsigned line = range.line, end = range.line + range.lines;
	while (line < end && now[line] == before[line])
		line++;
	if (line == end)
		return;
	remember(v, before, range);
	for (; line < end; line++) {
		if (now[line] == before[line])
			continue;
		const struct distance_place *place = find(v, now[line]);
		if (place->line && !place->twice)
			v->votes[h->lines + line - (place->line - 1)]++;
	}
}

unsigned distance_votes_count(struct distance_votes *v, const struct line_hashes *h,
    struct line_range range, int distances[DISTANCES_MAX])
{
	unsigned step = range.bands > BANDS_ALL ? 2 : 1;
	memset(v->votes, 0, (2 * (size_t)h->lines + 1) * sizeof *v->votes);
	for (unsigned i = 0; i < range.bands; i += step)
		vote(v, h, range.band + i, range);
	unsigned count = 0;
	for (; count < DISTANCES_MAX; count++) {
		unsigned best = h->lines;
		for (unsigned i = h->lines - range.lines; i <= h->lines + range.lines; i++)
			if (v->votes[i] > v->votes[best])
				best = i;
		if (v->votes[best] < VOTES_MIN)
			break;
		v->votes[best] = 0;
		distances[count] = (int)best - (int)h->lines;
	}
	return count;
}
