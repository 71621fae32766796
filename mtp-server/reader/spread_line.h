/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Letters far apart that a recogniser has taken for a line of words: a row of keys. */
#pragma once

#include "mtp-server/reader/contrast.h"
#include "mtp-server/reader/word.h"

#define LONE_LETTERS_MIN 3 /* in a row; fewer are not a line either */

/* Puts a word for each letter in place of such a line; its text is not known yet. */
void spread_lines_cut(const struct ink *ink, GPtrArray *words);
