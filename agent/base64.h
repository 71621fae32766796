/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>

/* Strict base64 (RFC 4648 section 4, padding required, no white space) of text into out. Returns
 * the number of bytes, or -1 when text is not that or does not fit into size. */
int base64_decode(const char *text, unsigned char *out, size_t size);
