/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/backoff.h"

#include <glib.h>

#define FIRST G_USEC_PER_SEC
#define LAST (60 * G_USEC_PER_SEC)
#define FORGIVEN (120 * G_USEC_PER_SEC)

void backoff_fail(struct backoff *b, int64_t now)
{
	/* Several that fail at once are one failure. */
	if (now < b->not_before)
		return;
	if (b->failures > 0 && now - b->last > FORGIVEN)
		b->failures = 0;
	b->not_before = now + MIN((int64_t)FIRST << MIN(b->failures, 6), (int64_t)LAST);
	b->last = now;
	b->failures++;
}

bool backoff_over(const struct backoff *b, int64_t now)
{
	return now >= b->not_before;
}
