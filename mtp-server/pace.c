/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/pace.h"

#define INTERVAL_MIN 16000 /* 60 a second */
#define INTERVAL_MAX 250000
/* After input too: a finger that moves makes 120 events a second. */
#define INTERVAL_INPUT 5000
#define SHARE 3 /* one part of so many of one processor */

void pace_init(struct pace *pace)
{
	*pace = (struct pace){.last_us = INT64_MIN / 2, .interval_us = INTERVAL_MIN};
}

void pace_input(struct pace *pace)
{
	pace->input = true;
}

int64_t pace_due(const struct pace *pace)
{
	return pace->last_us + (pace->input ? INTERVAL_INPUT : pace->interval_us);
}

void pace_looked(struct pace *pace, int64_t begin_us, int64_t end_us, bool changed)
{
	int64_t interval = (end_us - begin_us) * SHARE;
	pace->last_us = begin_us;
	pace->interval_us = interval < INTERVAL_MIN   ? INTERVAL_MIN
	                    : interval > INTERVAL_MAX ? INTERVAL_MAX
	                                              : interval;
	/* What had not changed yet is still waited for. */
	if (changed)
		pace->input = false;
}
