/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ink of a letter's size that is in no word yet: layout analysis passes over most single letters.
 */
#pragma once

#include "mtp-server/reader/contrast.h"
#include "mtp-server/reader/word.h"

/* Adds a word for each; its text is not known yet. */
void loose_marks_add(const struct ink *ink, GPtrArray *words);
