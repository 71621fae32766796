/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When to look at the screen again. At most 60 times a second, and never for more than a third of
 * one processor; but the first change after an input is shown at once, because a person waits for
 * it. Pure arithmetic on times in microseconds that the caller tells.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct pace {
	int64_t last_us; /* when the last look began */
	int64_t interval_us;
	bool input; /* one has come, and no change since */
};

void pace_init(struct pace *pace);
/* A person did something. */
void pace_input(struct pace *pace);
/* The earliest time for a look at a change that has been told of; may lie in the past. */
int64_t pace_due(const struct pace *pace);
/* A look took from `begin_us` to `end_us`; did it find that anything had changed? */
void pace_looked(struct pace *pace, int64_t begin_us, int64_t end_us, bool changed);
