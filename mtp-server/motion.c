/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/motion.h"

#include <glib.h>
#include <string.h>

#include "mtp-server/motion_edge.h"
#include "mtp-server/motion_region.h"

/* Less is cheap to send as it is. */
#define AREA_MIN (64u * 64) /* pixels of damage */
#define GAIN_MIN (32u * 16) /* that a copy has to explain, as region_grid_best() counts */
/* ... and of what the damage could give at the most, one part of so many: text that is new has much
 * in common with text that was there. */
#define GAIN_SHARE 128
#define REGIONS_MAX 4u /* that moved by the same distance */
#define LEFT_SHARE 64  /* of the damage, when no more copies are looked for */

struct search { /* along one axis */
	struct line_hashes hashes;
	struct distance_votes votes;
	struct region_grid grid;
};

struct motion_finder {
	struct motion motion;
	struct search searches[2]; /* by enum axis */
	size_t area, gain_min;     /* of the damage */
};

static void search_init(struct search *s, enum axis axis, unsigned width, unsigned height)
{
	line_hashes_init(&s->hashes, axis, width, height);
	distance_votes_init(&s->votes, s->hashes.lines);
	region_grid_init(&s->grid, s->hashes.bands, s->hashes.lines);
}

static void search_finish(struct search *s)
{
	line_hashes_finish(&s->hashes);
	distance_votes_finish(&s->votes);
	region_grid_finish(&s->grid);
}

struct motion_finder *motion_finder_new(unsigned width, unsigned height)
{
	struct motion_finder *f = g_new0(struct motion_finder, 1);
	block_set_init(&f->motion.rest, width, height);
	search_init(&f->searches[AXIS_VERTICAL], AXIS_VERTICAL, width, height);
	search_init(&f->searches[AXIS_HORIZONTAL], AXIS_HORIZONTAL, width, height);
	return f;
}

void motion_finder_free(struct motion_finder *f)
{
	if (!f)
		return;
	block_set_finish(&f->motion.rest);
	search_finish(&f->searches[AXIS_VERTICAL]);
	search_finish(&f->searches[AXIS_HORIZONTAL]);
	g_free(f);
}

/* --- between pixels and lines --- */

static struct line_range range_of(struct rectangle r, enum axis axis)
{
	bool vertical = axis == AXIS_VERTICAL;
	unsigned begin = vertical ? r.x : r.y;
	unsigned end = begin + (vertical ? r.width : r.height);
	return (struct line_range){.band = begin / BLOCK,
	    .bands = (end - 1) / BLOCK + 1 - begin / BLOCK,
	    .line = vertical ? r.y : r.x,
	    .lines = vertical ? r.height : r.width};
}

static struct copy copy_of(
    const struct picture *picture, struct line_range r, enum axis axis, int distance)
{
	bool vertical = axis == AXIS_VERTICAL;
	unsigned size = vertical ? picture->width : picture->height;
	unsigned begin = r.band * BLOCK, end = MIN((r.band + r.bands) * BLOCK, size);
	unsigned from = (unsigned)((int)r.line - distance);
	struct copy copy = {
	    .target = {begin, r.line, end - begin, r.lines}, .source_x = begin, .source_y = from};
	if (!vertical)
		copy = (struct copy){.target = {r.line, begin, r.lines, end - begin},
		    .source_x = from,
		    .source_y = begin};
	return copy;
}

/* --- the list of copies --- */

static struct rectangle source_of(const struct copy *c)
{
	return (struct rectangle){c->source_x, c->source_y, c->target.width, c->target.height};
}

static bool overwrites(const struct copy *first, const struct copy *then)
{
	return !rectangle_is_empty(rectangle_intersection(first->target, source_of(then)));
}

/* Puts it where no copy overwrites what a later one reads; false: there is no such place. */
static bool insert(struct motion *m, struct copy copy)
{
	if (m->count == MOTION_COPIES_MAX)
		return false;
	for (unsigned place = 0; place <= m->count; place++) {
		bool fits = true;
		for (unsigned i = 0; i < m->count && fits; i++)
			fits = i < place ? !overwrites(&m->copies[i], &copy)
			                 : !overwrites(&copy, &m->copies[i]);
		if (!fits)
			continue;
		memmove(&m->copies[place + 1], &m->copies[place], (m->count - place) * sizeof copy);
		m->copies[place] = copy;
		m->count++;
		return true;
	}
	return false;
}

static void make(const struct picture *picture, const struct copy *c)
{
	for (unsigned i = 0; i < c->target.height; i++) {
		unsigned y = c->target.y > c->source_y ? c->target.height - 1 - i : i;
		memmove(picture->before + (size_t)(c->target.y + y) * picture->width + c->target.x,
		    picture->before + (size_t)(c->source_y + y) * picture->width + c->source_x,
		    c->target.width * sizeof *picture->before);
	}
}

/* --- finding them --- */

/* The next region that moved by this distance; false: there is none any more. */
static bool find_region(struct motion_finder *f, const struct picture *picture, struct search *s,
    struct line_range range, int distance)
{
	enum axis axis = s->hashes.axis;
	struct line_range region = {0};
	region_grid_fill(&s->grid, &s->hashes, range, distance);
	for (unsigned i = 0; i < f->motion.count; i++)
		region_grid_take(&s->grid, range_of(f->motion.copies[i].target, axis));
	if (region_grid_best(&s->grid, &region) < f->gain_min)
		return false;
	struct copy copy = copy_of(picture, region, axis, distance);
	struct copy wide = copy;
	motion_edge_widen(picture, axis, &wide.target, &wide.source_x, &wide.source_y);
	return insert(&f->motion, wide) || insert(&f->motion, copy);
}

/* Of the damage, how much do the copies not touch? */
static size_t area_left(const struct motion *m, const struct block_set *damage)
{
	struct block_set left;
	block_set_init(&left, damage->width, damage->height);
	block_set_copy(&left, damage);
	for (unsigned i = 0; i < m->count; i++)
		block_set_remove_within(&left, m->copies[i].target);
	size_t area = block_set_area(&left, 0, 0, left.columns, left.rows);
	block_set_finish(&left);
	return area;
}

static void find_along(struct motion_finder *f, const struct picture *picture,
    const struct block_set *damage, enum axis axis)
{
	struct search *s = &f->searches[axis];
	struct line_range range = range_of(block_set_bounds(damage), axis);
	int distances[DISTANCES_MAX];
	line_hashes_update(&s->hashes, picture, damage);
	unsigned n = distance_votes_count(&s->votes, &s->hashes, range, distances);
	/* In turn: what is left over by one distance may be the best part of another. */
	bool found[DISTANCES_MAX] = {true, true, true, true};
	for (unsigned turn = 0;
	     turn < REGIONS_MAX && area_left(&f->motion, damage) > f->area / LEFT_SHARE; turn++)
		for (unsigned i = 0; i < n; i++)
			found[i] = found[i] && find_region(f, picture, s, range, distances[i]);
	line_hashes_settle(&s->hashes, damage);
}

/* --- what differs after them --- */

/* Where before and now differ in the rectangle. */
static struct rectangle difference(const struct picture *picture, struct rectangle r)
{
	unsigned left = r.width, right = 0, top = r.height, bottom = 0;
	for (unsigned y = 0; y < r.height; y++) {
		size_t at = (size_t)(r.y + y) * picture->width + r.x;
		const uint32_t *now = picture->now + at, *before = picture->before + at;
		if (memcmp(now, before, r.width * sizeof *now) == 0)
			continue;
		top = MIN(top, y);
		bottom = y + 1;
		for (unsigned x = 0; x < left; x++)
			if (now[x] != before[x])
				left = x;
		for (unsigned x = r.width; x > right; x--)
			if (now[x - 1] != before[x - 1])
				right = x;
	}
	if (left >= right)
		return (struct rectangle){0};
	return (struct rectangle){r.x + left, r.y + top, right - left, bottom - top};
}

static void find_rest(struct motion *m, const struct picture *picture)
{
	struct block_set touched;
	block_set_init(&touched, m->rest.width, m->rest.height);
	for (unsigned i = 0; i < m->count; i++)
		block_set_add_rectangle(&touched, m->copies[i].target);
	for (unsigned row = 0; row < touched.rows; row++)
		for (unsigned column = 0; column < touched.columns; column++) {
			if (!block_set_has(&touched, column, row))
				continue;
			block_set_remove(&m->rest, column, row);
			block_set_add_rectangle(&m->rest,
			    difference(picture, block_set_pixels(&touched, column, row, 1, 1)));
		}
	block_set_finish(&touched);
}

const struct motion *motion_find(
    struct motion_finder *f, struct picture *picture, const struct block_set *damage)
{
	struct motion *m = &f->motion;
	m->count = 0;
	block_set_copy(&m->rest, damage);
	f->area = block_set_area(damage, 0, 0, damage->columns, damage->rows);
	f->gain_min = MAX(GAIN_MIN, f->area / BLOCK * 16 / GAIN_SHARE);
	if (f->area < AREA_MIN) {
		line_hashes_forget(&f->searches[AXIS_VERTICAL].hashes, damage);
		line_hashes_forget(&f->searches[AXIS_HORIZONTAL].hashes, damage);
		return m;
	}
	find_along(f, picture, damage, AXIS_VERTICAL);
	size_t left = area_left(m, damage);
	if (left >= AREA_MIN && left >= f->area / 4)
		find_along(f, picture, damage, AXIS_HORIZONTAL);
	else
		line_hashes_forget(&f->searches[AXIS_HORIZONTAL].hashes, damage);
	for (unsigned i = 0; i < m->count; i++)
		make(picture, &m->copies[i]);
	if (m->count)
		find_rest(m, picture);
	return m;
}
