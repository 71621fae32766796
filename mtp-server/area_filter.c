/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/area_filter.h"

#include <glib.h>

/* Blue, green and red of a pixel; the fourth is 0. */
typedef float vector __attribute__((vector_size(16)));
typedef int32_t words __attribute__((vector_size(16)));

/* What a pixel of the result covers of the source, along one axis. */
struct span {
	unsigned first, count; /* pixels of the source */
	unsigned weights;      /* index of the first's share; the shares sum up to 1 */
};

struct axis {
	unsigned from, to;
	struct span *spans; /* `to` of them */
	float *weights;
};

struct area_filter {
	struct axis x, y;
	vector *row; /* of the source's width: rows, weighted and summed up */
};

static void axis_init(struct axis *axis, unsigned from, unsigned to)
{
	*axis = (struct axis){.from = from, .to = to};
	axis->spans = g_new(struct span, to);
	/* Each pixel but the first shares at most one with its predecessor. */
	axis->weights = g_new(float, (size_t)from + to);
	unsigned n = 0;
	for (unsigned i = 0; i < to; i++) {
		/* In units of a pixel of the source / `to`. */
		uint64_t begin = (uint64_t)i * from, end = begin + from;
		unsigned first = (unsigned)(begin / to), last = (unsigned)((end - 1) / to);
		axis->spans[i] = (struct span){first, last - first + 1, n};
		for (unsigned k = first; k <= last; k++) {
			uint64_t left = MAX(begin, (uint64_t)k * to);
			uint64_t right = MIN(end, ((uint64_t)k + 1) * to);
			axis->weights[n++] = (float)(right - left) / (float)from;
		}
	}
}

static void axis_finish(struct axis *axis)
{
	g_free(axis->spans);
	g_free(axis->weights);
}

struct area_filter *area_filter_new(
    unsigned from_width, unsigned from_height, unsigned to_width, unsigned to_height)
{
	struct area_filter *f = g_new0(struct area_filter, 1);
	axis_init(&f->x, from_width, to_width);
	axis_init(&f->y, from_height, to_height);
	f->row = g_aligned_alloc(from_width, sizeof(vector), sizeof(vector));
	return f;
}

void area_filter_free(struct area_filter *f)
{
	if (!f)
		return;
	axis_finish(&f->x);
	axis_finish(&f->y);
	g_aligned_free(f->row);
	g_free(f);
}

/* The result's pixels that touch [at, at + n) of the source. */
static void axis_reach(const struct axis *axis, unsigned at, unsigned n, unsigned *to, unsigned *m)
{
	uint64_t end = ((uint64_t)at + n) * axis->to;
	*to = (unsigned)((uint64_t)at * axis->to / axis->from);
	*m = (unsigned)((end + axis->from - 1) / axis->from) - *to;
}

struct rectangle area_filter_reach(const struct area_filter *f, struct rectangle source)
{
	struct rectangle to = {0};
	if (rectangle_is_empty(source))
		return to;
	axis_reach(&f->x, source.x, source.width, &to.x, &to.width);
	axis_reach(&f->y, source.y, source.height, &to.y, &to.height);
	return to;
}

static inline vector colour_of(uint32_t pixel)
{
	const words w = {
	    (int32_t)(pixel & 0xff), (int32_t)(pixel >> 8 & 0xff), (int32_t)(pixel >> 16 & 0xff)};
	return __builtin_convertvector(w, vector);
}

static inline uint32_t pixel_of(vector colour)
{
	words rounded = __builtin_convertvector(colour + 0.5f, words);
	return (uint32_t)rounded[0] | (uint32_t)rounded[1] << 8 | (uint32_t)rounded[2] << 16;
}

/* The columns that a row of the result needs, of the rows that it covers. */
static void sum_rows(struct area_filter *f, const uint32_t *source, const struct span *rows,
    unsigned first, unsigned end)
{
	for (unsigned k = 0; k < rows->count; k++) {
		const uint32_t *from = source + (size_t)(rows->first + k) * f->x.from;
		float weight = f->y.weights[rows->weights + k];
		if (k == 0)
			for (unsigned x = first; x < end; x++)
				f->row[x] = colour_of(from[x]) * weight;
		else
			for (unsigned x = first; x < end; x++)
				f->row[x] += colour_of(from[x]) * weight;
	}
}

static inline uint32_t sum_columns(const struct area_filter *f, const struct span *columns)
{
	const float *weights = f->x.weights + columns->weights;
	const vector *row = f->row + columns->first;
	vector sum = row[0] * weights[0];
	for (unsigned k = 1; k < columns->count; k++)
		sum += row[k] * weights[k];
	return pixel_of(sum);
}

/* One pixel is one pixel: only turned. */
static void copy_turned(const struct area_filter *f, const uint32_t *source, struct rectangle to,
    uint32_t *pixels, ptrdiff_t step_x, ptrdiff_t step_y)
{
	for (unsigned y = 0; y < to.height; y++, pixels += step_y) {
		const uint32_t *from = source + (size_t)(to.y + y) * f->x.from + to.x;
		uint32_t *pixel = pixels;
		for (unsigned x = 0; x < to.width; x++, pixel += step_x)
			*pixel = from[x] & 0xffffff;
	}
}

void area_filter_apply(struct area_filter *f, const uint32_t *source, struct rectangle to,
    uint32_t *pixels, ptrdiff_t step_x, ptrdiff_t step_y)
{
	if (rectangle_is_empty(to))
		return;
	if (f->x.from == f->x.to && f->y.from == f->y.to) {
		copy_turned(f, source, to, pixels, step_x, step_y);
		return;
	}
	const struct span *columns = f->x.spans + to.x;
	unsigned first = columns[0].first;
	unsigned end = columns[to.width - 1].first + columns[to.width - 1].count;
	for (unsigned y = 0; y < to.height; y++, pixels += step_y) {
		sum_rows(f, source, &f->y.spans[to.y + y], first, end);
		uint32_t *pixel = pixels;
		for (unsigned x = 0; x < to.width; x++, pixel += step_x)
			*pixel = sum_columns(f, &columns[x]);
	}
}
