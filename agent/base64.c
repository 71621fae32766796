/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/base64.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

static int value_of(char c)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;
	return found ? (int)(found - digits) : -1;
}

int base64_decode(const char *text, unsigned char *out, size_t size)
{
	size_t length = strlen(text), done = 0;
	if (length % 4 != 0 || length / 4 * 3 > INT_MAX)
		return -1;
	for (size_t i = 0; i < length; i += 4) {
		int padding = 0;
		uint32_t group = 0;
		if (i + 4 == length)
			padding = text[i + 3] != '=' ? 0 : text[i + 2] != '=' ? 1 : 2;
		for (int j = 0; j < 4; j++) {
			int value = j >= 4 - padding ? 0 : value_of(text[i + (size_t)j]);
			if (value < 0)
				return -1;
			group = group << 6 | (uint32_t)value;
		}
		/* Bits that no byte carries must be zero, so that one value has one spelling. */
		if (group & ((1U << (8 * padding)) - 1))
			return -1;
		for (int j = 0; j < 3 - padding; j++) {
			if (done == size)
				return -1;
			out[done++] = (unsigned char)(group >> (16 - 8 * j));
		}
	}
	return (int)done;
}
