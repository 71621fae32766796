/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written on a screen: from pixels to words in reading order. */
#pragma once

#include "mtp-server/reader/recogniser.h"

/* `pixels`: width * height of 0xXXRRGGBB. words_new(), the caller's: lines from top to bottom. */
GPtrArray *reading_of(
    struct recogniser *recogniser, const uint32_t *pixels, unsigned width, unsigned height);
/* As text, a line each. The caller's. */
char *reading_text(const GPtrArray *words);
