/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/reader/reading.h"

#include "mtp-server/reader/caret.h"
#include "mtp-server/reader/lone_letters.h"
#include "mtp-server/reader/outlines.h"

/* Percent. What is less sure is part of an icon or of a photograph. */
#define CONFIDENCE_MIN 25u

/* A line of words; borrowed from the reading. */
struct line {
	GPtrArray *words;
	unsigned top, left, bottom;
};

static bool has_letter(const char *text)
{
	for (const char *c = text; *c; c = g_utf8_next_char(c))
		if (g_unichar_isalnum(g_utf8_get_char(c)))
			return true;
	return false;
}

static void line_free(struct line *line)
{
	g_ptr_array_unref(line->words);
	g_free(line);
}

/* Takes words from *i to the end of their line, without those that are doubtful. NULL: nothing is
 * left that says something. */
static struct line *take_line(GPtrArray *words, guint *i)
{
	struct line *line = g_new0(struct line, 1);
	line->words = g_ptr_array_new();
	line->top = line->left = UINT_MAX;
	bool says = false, ends = false;
	while (*i < words->len && !ends) {
		struct word *word = words->pdata[(*i)++];
		ends = word->ends_line;
		if (word->confidence < CONFIDENCE_MIN)
			continue;
		word->ends_line = false;
		says = says || has_letter(word->text);
		line->top = MIN(line->top, word->box.y);
		line->left = MIN(line->left, word->box.x);
		line->bottom = MAX(line->bottom, word->box.y + word->box.height);
		g_ptr_array_add(line->words, word);
	}
	if (says)
		return line;
	line_free(line);
	return NULL;
}

/* Lines whose middles are in each other's height stand beside each other. */
static gint in_reading_order(gconstpointer a, gconstpointer b)
{
	const struct line *one = *(struct line *const *)a, *other = *(struct line *const *)b;
	unsigned middle = (one->top + one->bottom) / 2, others = (other->top + other->bottom) / 2;
	if (middle >= other->top && middle < other->bottom && others >= one->top &&
	    others < one->bottom)
		return (one->left > other->left) - (one->left < other->left);
	return (middle > others) - (middle < others);
}

static GPtrArray *in_lines(GPtrArray *words)
{
	g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func((GDestroyNotify)line_free);
	for (guint i = 0; i < words->len;) {
		struct line *line = take_line(words, &i);
		if (line)
			g_ptr_array_add(lines, line);
	}
	g_ptr_array_sort(lines, in_reading_order);
	GPtrArray *ordered = words_new();
	for (guint i = 0; i < lines->len; i++) {
		const struct line *line = lines->pdata[i];
		for (guint j = 0; j < line->words->len; j++) {
			struct word *word = line->words->pdata[j];
			struct word *copy = g_memdup2(word, sizeof *word);
			word->text = NULL;
			copy->ends_line = j + 1 == line->words->len;
			g_ptr_array_add(ordered, copy);
		}
	}
	return ordered;
}

GPtrArray *reading_of(
    struct recogniser *recogniser, const uint32_t *pixels, unsigned width, unsigned height)
{
	struct ink ink;
	ink_init(&ink, pixels, width, height);
	carets_remove(&ink);
	outlines_remove(&ink);
	g_autoptr(GPtrArray) words = recogniser_read(recogniser, &ink);
	lone_letters_read(recogniser, &ink, words);
	ink_finish(&ink);
	return in_lines(words);
}

char *reading_text(const GPtrArray *words)
{
	GString *text = g_string_new(NULL);
	for (guint i = 0; i < words->len; i++) {
		const struct word *word = words->pdata[i];
		g_string_append(text, word->text);
		g_string_append_c(text, word->ends_line ? '\n' : ' ');
	}
	return g_string_free(text, FALSE);
}
