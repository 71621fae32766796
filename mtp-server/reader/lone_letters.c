/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/reader/lone_letters.h"

#include <string.h>

#include "mtp-server/reader/loose_marks.h"
#include "mtp-server/reader/spread_line.h"

#define PAPER 255
#define MARGIN 8          /* pixels of paper around the line */
#define CONFIDENCE_MIN 85 /* percent: of a mark that nothing but its row says is a letter */
#define GAP 6             /* between its letters: a share of its height */
#define UNMATCHED 100u    /* pixels that a letter and its place may rather be apart, by two */
#define READ_AS 3         /* characters that one letter may have been taken for */

/* Not wider than a letter is, and nothing near on its line. */
static bool is_alone(const GPtrArray *words, guint i)
{
	const struct word *word = words->pdata[i];
	struct rectangle box = word->box;
	if (g_utf8_strlen(word->text, -1) > READ_AS || box.width * 2 > box.height * 3)
		return false;
	for (guint other = 0; other < words->len; other++) {
		struct rectangle b = ((struct word *)words->pdata[other])->box;
		if (other != i && b.y < word_bottom(box) && word_bottom(b) > box.y &&
		    b.x < word_right(box) + box.height && word_right(b) + box.height > box.x)
			return false;
	}
	return true;
}

static int by_left_edge(gconstpointer a, gconstpointer b)
{
	const struct word *one = *(struct word *const *)a, *other = *(struct word *const *)b;
	return (one->box.x > other->box.x) - (one->box.x < other->box.x);
}

/* Takes those from `alone` that overlap the first one's height, from left to right. */
static GPtrArray *take_row(GPtrArray *alone)
{
	GPtrArray *row = g_ptr_array_new();
	struct rectangle first = ((struct word *)alone->pdata[0])->box;
	for (guint i = 0; i < alone->len;) {
		struct word *word = alone->pdata[i];
		if (word->box.y < word_bottom(first) && word_bottom(word->box) > first.y)
			g_ptr_array_add(row, g_ptr_array_remove_index(alone, i));
		else
			i++;
	}
	g_ptr_array_sort(row, by_left_edge);
	return row;
}

/* The row's own height everywhere: what belongs to a letter is not always in its box (the dot of
 * an i). `places`: where the middle of each letter is in the line. */
static void line_of(const struct ink *ink, const GPtrArray *row, struct ink *line, unsigned *places)
{
	unsigned top = ink->height, bottom = 0, width = 2 * MARGIN;
	for (guint i = 0; i < row->len; i++) {
		struct rectangle box = ((struct word *)row->pdata[i])->box;
		top = MIN(top, box.y);
		bottom = MAX(bottom, MIN(word_bottom(box), ink->height));
		width += box.width;
	}
	unsigned gap = MAX((bottom - top) / GAP, 1u);
	width += row->len * gap;
	*line = (struct ink){.width = width, .height = bottom - top + 2 * MARGIN};
	line->pixels = g_malloc((size_t)line->width * line->height);
	memset(line->pixels, PAPER, (size_t)line->width * line->height);
	unsigned x = MARGIN;
	for (guint i = 0; i < row->len; i++) {
		struct rectangle box = ((struct word *)row->pdata[i])->box;
		unsigned n = MIN(box.width, ink->width - box.x);
		for (unsigned y = top; y < bottom; y++)
			memcpy(line->pixels + (size_t)(y - top + MARGIN) * width + x,
			    ink->pixels + (size_t)y * ink->width + box.x, n);
		places[i] = x + box.width / 2;
		x += box.width + gap;
	}
}

static unsigned middle_of(struct rectangle r)
{
	return r.x + r.width / 2;
}

/* Which letter stands for which place: both in order, as close together as can be, and as many as
 * can be. The recogniser tells where a letter is only roughly, and sometimes sees one twice. */
static void match(const GPtrArray *letters, const unsigned *places, guint n, struct word **matched)
{
	guint m = letters->len, stride = m + 1;
	g_autofree unsigned *cost = g_new(unsigned, (n + 1) * stride);
	for (guint i = 0; i <= n; i++)
		for (guint j = 0; j <= m; j++) {
			unsigned best = i || j ? UINT_MAX : 0;
			if (i)
				best = MIN(best, cost[(i - 1) * stride + j] + UNMATCHED);
			if (j)
				best = MIN(best, cost[i * stride + j - 1] + UNMATCHED);
			if (i && j) {
				unsigned middle =
				    middle_of(((struct word *)letters->pdata[j - 1])->box);
				unsigned apart = places[i - 1] > middle ? places[i - 1] - middle
				                                        : middle - places[i - 1];
				best = MIN(best, cost[(i - 1) * stride + j - 1] + apart);
			}
			cost[i * stride + j] = best;
		}
	for (guint i = n, j = m; i > 0;) {
		if (cost[i * stride + j] == cost[(i - 1) * stride + j] + UNMATCHED) {
			matched[--i] = NULL;
		} else if (j && cost[i * stride + j] == cost[i * stride + j - 1] + UNMATCHED) {
			j--;
		} else {
			matched[--i] = letters->pdata[--j];
		}
	}
}

/* One line from now on, in the words' order too. */
static void join_row(GPtrArray *words, const GPtrArray *row)
{
	for (guint i = 0; i < row->len; i++) {
		guint at;
		struct word *word = row->pdata[i];
		g_ptr_array_find(words, word, &at);
		g_ptr_array_steal_index(words, at);
		word->ends_line = i + 1 == row->len;
		g_ptr_array_add(words, word);
	}
}

static void read_row(struct recogniser *recogniser, const struct ink *ink, const GPtrArray *row)
{
	struct ink line;
	g_autofree unsigned *places = g_new(unsigned, row->len);
	line_of(ink, row, &line, places);
	g_autoptr(GPtrArray) letters = recogniser_read_letters(recogniser, &line);
	ink_finish(&line);
	g_autofree struct word **matched = g_new(struct word *, row->len);
	match(letters, places, row->len, matched);
	for (guint i = 0; i < row->len; i++) {
		struct word *word = row->pdata[i];
		if (!matched[i] || (!word->confidence && matched[i]->confidence < CONFIDENCE_MIN))
			continue;
		g_free(word->text);
		word->text = g_strdup(matched[i]->text);
		word->confidence = matched[i]->confidence;
	}
}

void lone_letters_read(struct recogniser *recogniser, const struct ink *ink, GPtrArray *words)
{
	spread_lines_cut(ink, words);
	loose_marks_add(ink, words);
	g_autoptr(GPtrArray) alone = g_ptr_array_new();
	for (guint i = 0; i < words->len; i++)
		if (is_alone(words, i))
			g_ptr_array_add(alone, words->pdata[i]);
	while (alone->len) {
		g_autoptr(GPtrArray) row = take_row(alone);
		if (row->len < LONE_LETTERS_MIN)
			continue;
		read_row(recogniser, ink, row);
		join_row(words, row);
	}
}
