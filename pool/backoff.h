/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How long to leave alone what has failed: 1 s, doubling to 60 s. Two quiet minutes forgive all.
 * Success alone does not: a clone that starts well and crashes a second later has to slow us down
 * too.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct backoff {
	unsigned failures;
	int64_t last, not_before; /* monotonic microseconds */
};

void backoff_fail(struct backoff *backoff, int64_t now);
bool backoff_over(const struct backoff *backoff, int64_t now);
