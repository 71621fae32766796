/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/screen/frame_age.h"

void frame_age_init(struct frame_age *age)
{
	age->drawn = g_array_new(FALSE, FALSE, sizeof(int64_t));
	age->ages = g_array_new(FALSE, FALSE, sizeof(int64_t));
}

void frame_age_finish(struct frame_age *age)
{
	g_clear_pointer(&age->drawn, g_array_unref);
	g_clear_pointer(&age->ages, g_array_unref);
}

void frame_age_drawn(struct frame_age *age, int64_t now_us)
{
	g_array_append_val(age->drawn, now_us);
}

void frame_age_shown(struct frame_age *age, int64_t as_of_us, int64_t now_us)
{
	while (age->ages->len < age->drawn->len) {
		int64_t drawn = g_array_index(age->drawn, int64_t, age->ages->len);
		if (drawn > as_of_us)
			return;
		int64_t waited = now_us - drawn;
		g_array_append_val(age->ages, waited);
	}
}

void frame_age_end(struct frame_age *age, int64_t now_us)
{
	frame_age_shown(age, INT64_MAX, now_us);
}

static int compare(gconstpointer a, gconstpointer b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

double frame_age_percentile_ms(const struct frame_age *age, unsigned percent)
{
	if (!age->ages->len)
		return 0;
	g_autoptr(GArray) sorted = g_array_copy(age->ages);
	g_array_sort(sorted, compare);
	/* Nearest rank. */
	guint rank = (guint)(((guint64)sorted->len * percent + 99) / 100);
	return (double)g_array_index(sorted, int64_t, MAX(rank, 1) - 1) / 1000;
}
