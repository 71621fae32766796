/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the stream costs right now, for the statistics over the picture: rates between two looks at
 * the session's counters. Time is an argument. */
#pragma once

#include <glib.h>

#include "mtp-client/core/session.h"

struct meter {
	struct mtp_session_counters before;
	int64_t since_us; /* 0: never looked */
};

/* Lines of text, the caller's; the next ones count from now on. NULL: less than a second since. */
char *meter_look(struct meter *meter, const struct mtp_session_counters *counters,
    const struct picture *picture, int64_t now_us);
