/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A picture as PNG (RFC 2083). */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `pixels` are RGBA rows `stride` bytes apart; alpha is not written. The file is replaced as a
 * whole or not at all. */
bool screenshot_write(const char *file, const uint8_t *pixels, uint32_t width, uint32_t height,
    size_t stride, GError **error);
