/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a VNC viewer is let in by. VNC authentication (RFC 6143, 7.2.2) knows a password of eight
 * characters, too short for a grant and too weak to keep: so it is made by chance, good once, for a
 * minute, and gone after a few wrong tries. Time is an argument.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CODE_LENGTH 8
#define CODE_LIFE_S 60
#define CODE_TRIES 3
#define CODE_CHALLENGE 16 /* bytes */

struct one_time_code {
	char text[CODE_LENGTH + 1]; /* secret; empty: none is good any more */
	int64_t expires_us;
	unsigned tries; /* left */
};

/* 40 bits of the kernel's randomness, in letters and digits that are not mistaken for others. */
void one_time_code_make(struct one_time_code *code, int64_t now_us);
/* Is `response` the challenge as this code encrypts it? Right or not, it counts: one that is right
 * is used up. */
bool one_time_code_use(struct one_time_code *code, const uint8_t challenge[CODE_CHALLENGE],
    const uint8_t *response, int size, int64_t now_us);
bool one_time_code_is_good(const struct one_time_code *code, int64_t now_us);
