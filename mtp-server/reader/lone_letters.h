/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Letters that stand alone, as on the keys of a keyboard. A recogniser of lines cannot tell o from
 * O or l from I by themselves. So those of a row are moved together to a line of text and read once
 * more.
 */
#pragma once

#include "mtp-server/reader/recogniser.h"

/* Corrects the texts of those that it finds in `words`. */
void lone_letters_read(struct recogniser *recogniser, const struct ink *ink, GPtrArray *words);
