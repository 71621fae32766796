/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A word that stands on the screen, and where. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "mtp-server/blocks.h"

struct word {
	struct rectangle box; /* of its ink, in the screen's pixels */
	bool ends_line;
	unsigned confidence; /* percent */
	char *text;          /* UTF-8 without white space; owned */
};

/* The first column and row beyond a box. */
static inline unsigned word_right(struct rectangle box)
{
	return box.x + box.width;
}

static inline unsigned word_bottom(struct rectangle box)
{
	return box.y + box.height;
}

static inline void word_free(struct word *word)
{
	g_free(word->text);
	g_free(word);
}

/* A place where something is written that has not been read: "?", and no confidence. */
static inline struct word *word_unread(struct rectangle box)
{
	struct word *word = g_new0(struct word, 1);
	word->box = box;
	word->ends_line = true;
	word->text = g_strdup("?");
	return word;
}

/* Frees its words with itself. */
static inline GPtrArray *words_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)word_free);
}
