/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small JPEG of the whole screen. Main thread. */
#pragma once

#include "mtp-server/jpeg.h"
#include "mtp-server/picture.h"

#define THUMBNAIL_WIDTH_MIN 16u
#define THUMBNAIL_WIDTH_MAX 1024u
#define THUMBNAIL_SIZE_MAX (1u << 20)

/* `width` is bounded to the limits above and to the screen's own; the height follows. Each pixel is
 * the mean of those it stands for. Returns the size, 0 when it does not fit `capacity`. */
size_t thumbnail_make(const struct picture *picture, unsigned width, struct jpeg_encoder *encoder,
    uint8_t *out, size_t capacity);
