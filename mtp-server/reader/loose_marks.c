/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/reader/loose_marks.h"

#include "mtp-server/reader/page.h"

#define INK_MAX 200 /* darker is ink */
/* Of a letter, in pixels. */
#define HEIGHT_MIN 8
#define HEIGHT_MAX 48
#define WIDTH_MAX 48
#define DOT 9 /* rows between a letter and its dot, at most */

/* Boxes of what hangs together, dots with their letters. */
static BOXA *marks_of(const struct ink *ink)
{
	PIX *page = page_of(ink);
	PIX *inked = pixThresholdToBinary(page, INK_MAX);
	PIX *joined = pixCloseSafeBrick(NULL, inked, 1, DOT);
	BOXA *boxes = pixConnCompBB(joined, 8);
	pixDestroy(&joined);
	pixDestroy(&inked);
	pixDestroy(&page);
	return boxes;
}

static bool in_a_word(const GPtrArray *words, struct rectangle box)
{
	for (guint i = 0; i < words->len; i++) {
		struct rectangle other = ((struct word *)words->pdata[i])->box;
		if (other.x < word_right(box) && word_right(other) > box.x &&
		    other.y < word_bottom(box) && word_bottom(other) > box.y)
			return true;
	}
	return false;
}

void loose_marks_add(const struct ink *ink, GPtrArray *words)
{
	BOXA *boxes = marks_of(ink);
	g_autoptr(GPtrArray) loose = g_ptr_array_new();
	for (int i = 0; i < boxaGetCount(boxes); i++) {
		int x, y, width, height;
		boxaGetBoxGeometry(boxes, i, &x, &y, &width, &height);
		struct rectangle box = {
		    (unsigned)x, (unsigned)y, (unsigned)width, (unsigned)height};
		if (height >= HEIGHT_MIN && height <= HEIGHT_MAX && width <= WIDTH_MAX &&
		    !in_a_word(words, box))
			g_ptr_array_add(loose, word_unread(box));
	}
	boxaDestroy(&boxes);
	for (guint i = 0; i < loose->len; i++)
		g_ptr_array_add(words, loose->pdata[i]);
}
