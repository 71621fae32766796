/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a standard viewer is let in by. The protocols that such viewers speak know a password and no
 * grant: so it is made by chance, good once, for a minute, and gone after a few wrong tries. How it
 * is proved is the protocol's matter. Time is an argument.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CODE_LENGTH_MAX 20
#define CODE_LIFE_S 60
#define CODE_TRIES 3

struct one_time_code {
	char text[CODE_LENGTH_MAX + 1]; /* secret; empty: none is good any more */
	int64_t expires_us;
	unsigned tries; /* left */
};

/* Five bits of the kernel's randomness a character (`length` <= CODE_LENGTH_MAX), in letters and
 * digits that are not mistaken for others. */
void one_time_code_make(struct one_time_code *code, unsigned length, int64_t now_us);
bool one_time_code_is_good(const struct one_time_code *code, int64_t now_us);
/* Somebody has been found to know it, or not: right or not, it counts, and it is then used up. */
void one_time_code_tried(struct one_time_code *code, bool right);
/* The code, for one try that is counted now, whose end one_time_code_forget() or the next try
 * tells; false: it is not good. `text` has CODE_LENGTH_MAX + 1 characters. */
bool one_time_code_lend(struct one_time_code *code, char *text, int64_t now_us);
void one_time_code_forget(struct one_time_code *code);
