/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ink as Leptonica has pictures: 8 bits a pixel. */
#pragma once

#include <leptonica/allheaders.h>

#include "mtp-server/reader/contrast.h"

/* The caller's: pixDestroy(). */
static inline PIX *page_of(const struct ink *ink)
{
	PIX *page = pixCreate((int)ink->width, (int)ink->height, 8);
	for (unsigned y = 0; y < ink->height; y++) {
		l_uint32 *line = pixGetData(page) + (size_t)y * (size_t)pixGetWpl(page);
		for (unsigned x = 0; x < ink->width; x++)
			SET_DATA_BYTE(line, x, ink->pixels[(size_t)y * ink->width + x]);
	}
	return page;
}
