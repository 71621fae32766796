/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/reader/spread_line.h"

#define HEIGHT_MAX 60 /* of a row of keys; a higher one is something else */
#define INK_MAX 200   /* darker is ink */

static struct rectangle box_of_line(const GPtrArray *words, guint first, guint end)
{
	struct rectangle box = ((struct word *)words->pdata[first])->box;
	for (guint i = first + 1; i < end; i++) {
		struct rectangle b = ((struct word *)words->pdata[i])->box;
		unsigned right = MAX(word_right(box), word_right(b));
		unsigned bottom = MAX(word_bottom(box), word_bottom(b));
		box.x = MIN(box.x, b.x);
		box.y = MIN(box.y, b.y);
		box.width = right - box.x;
		box.height = bottom - box.y;
	}
	return box;
}

static bool has_ink(const struct ink *ink, unsigned x, struct rectangle box)
{
	for (unsigned y = box.y; y < MIN(word_bottom(box), ink->height); y++)
		if (ink->pixels[(size_t)y * ink->width + x] < INK_MAX)
			return true;
	return false;
}

/* The line's ink, cut where there is none for half its height; NULL when a piece is wider than a
 * letter, or they are too few. */
static GPtrArray *cut_line(const struct ink *ink, struct rectangle box)
{
	g_autoptr(GPtrArray) pieces = words_new();
	unsigned end = MIN(word_right(box), ink->width), left = end, right = 0;
	for (unsigned x = box.x; x <= end && box.height <= HEIGHT_MAX; x++) {
		bool inked = x < end && has_ink(ink, x, box);
		if (left < end && (x == end || (inked && x - right >= box.height / 2))) {
			if (right - left > box.height * 3 / 2)
				return NULL;
			g_ptr_array_add(pieces,
			    word_unread((struct rectangle){left, box.y, right - left, box.height}));
			left = end;
		}
		if (inked) {
			left = MIN(left, x);
			right = x + 1;
		}
	}
	return pieces->len >= LONE_LETTERS_MIN ? g_steal_pointer(&pieces) : NULL;
}

void spread_lines_cut(const struct ink *ink, GPtrArray *words)
{
	for (guint first = 0, end; first < words->len; first = end) {
		end = first + 1;
		while (end < words->len && !((struct word *)words->pdata[end - 1])->ends_line)
			end++;
		g_autoptr(GPtrArray) pieces = cut_line(ink, box_of_line(words, first, end));
		if (!pieces)
			continue;
		g_ptr_array_remove_range(words, first, end - first);
		end = first + pieces->len;
		for (guint i = 0; i < pieces->len; i++)
			g_ptr_array_insert(words, (gint)(first + i), pieces->pdata[i]);
		g_ptr_array_set_free_func(pieces, NULL);
	}
}
