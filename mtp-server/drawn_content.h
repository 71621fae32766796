/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Was this drawn, by a program, and not seen by a camera? Told from its pixels: text, icons and
 * surfaces have flat places, one colour that much of it has, or strokes filled with one colour,
 * over whatever lies behind them. One thread.
 */
#pragma once

#include "mtp-server/picture.h"

/* The rectangle lies in one block, which is looked at: a strip of text tells little. */
bool content_is_drawn(const struct picture *picture, struct rectangle r);
