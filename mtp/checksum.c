/* SPDX-License-Identifier: MIT */
#include "mtp/checksum.h"

/* Odd, from the golden ratio: D. Knuth, The Art of Computer Programming 3, 6.4. */
#define FACTOR 0x9e3779b97f4a7c15u

static uint64_t step(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * FACTOR;
	return sum ^ sum >> 32;
}

uint64_t mtp_checksum(uint64_t sum, const uint8_t *bytes, size_t n)
{
	size_t i = 0;
	sum = step(sum, n);
	for (; i + 8 <= n; i += 8) {
		uint64_t word = 0;
		for (unsigned k = 0; k < 8; k++)
			word = word << 8 | bytes[i + k];
		sum = step(sum, word);
	}
	for (; i < n; i++)
		sum = step(sum, bytes[i]);
	return sum >> 1;
}
