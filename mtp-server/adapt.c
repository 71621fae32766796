/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/adapt.h"

#include "mtp-server/area_filter.h"

struct adapt {
	struct adapt_fit fit;
	struct area_filter *filter;
	struct surface *surface;
	bool filled;
};

struct adapt *adapt_new(const struct adapt_fit *fit)
{
	struct adapt *a = g_new0(struct adapt, 1);
	size_t stride = fit->width * sizeof(uint32_t);
	g_autofree uint8_t *black = g_malloc0(stride * fit->height);
	a->fit = *fit;
	a->filter = area_filter_new(fit->phone_width, fit->phone_height,
	    adapt_fit_upright_width(fit), adapt_fit_upright_height(fit));
	a->surface = surface_new_copied(black, stride * fit->height, fit->width, fit->height,
	    (uint32_t)stride, SURFACE_X8R8G8B8, NULL);
	return a;
}

void adapt_free(struct adapt *a)
{
	if (!a)
		return;
	area_filter_free(a->filter);
	surface_free(a->surface);
	g_free(a);
}

const struct adapt_fit *adapt_fit_of(const struct adapt *a)
{
	return &a->fit;
}

struct surface *adapt_surface(struct adapt *a)
{
	return a->surface;
}

/* Rescales one rectangle of the upright picture into its place. */
static struct rectangle rescale(
    struct adapt *a, const struct picture *picture, struct rectangle upright)
{
	struct rectangle r = adapt_fit_turn(&a->fit, upright);
	ptrdiff_t stride = (ptrdiff_t)a->fit.width;
	const struct {
		ptrdiff_t x, y;
		bool from_right,
		    from_bottom; /* where the upright rectangle's origin comes to lie */
	} turns[] = {{1, stride, false, false}, {stride, -1, true, false},
	    {-1, -stride, true, true}, {-stride, 1, false, true}},
	  *turn = &turns[a->fit.rotation];
	uint32_t *pixels = (uint32_t *)(void *)a->surface->copy;
	pixels += turn->from_right ? r.x + r.width - 1 : r.x;
	pixels += (turn->from_bottom ? r.y + r.height - 1 : r.y) * (size_t)a->fit.width;
	area_filter_apply(a->filter, picture->now, upright, pixels, turn->x, turn->y);
	return r;
}

/* Rows of blocks as runs: a run's edge pixels, which the next one shares, are computed twice. */
struct rectangle adapt_damage(
    struct adapt *a, const struct picture *picture, const struct block_set *damage)
{
	struct rectangle changed = {0};
	if (!a->filled) {
		a->filled = true;
		return rescale(a, picture,
		    (struct rectangle){
		        0, 0, adapt_fit_upright_width(&a->fit), adapt_fit_upright_height(&a->fit)});
	}
	for (unsigned row = 0; row < damage->rows && damage->count; row++)
		for (unsigned column = 0, end; column < damage->columns; column = end + 1) {
			end = column;
			while (end < damage->columns && block_set_has(damage, end, row))
				end++;
			if (end == column)
				continue;
			struct rectangle source =
			    block_set_part(damage, column, row, end - column, 1);
			changed = rectangle_union(
			    changed, rescale(a, picture, area_filter_reach(a->filter, source)));
		}
	return changed;
}
