/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of `qvmi up`: nothing may be left running, and nothing of a user's be lost. */
#pragma once

#include <stdbool.h>

#include "common/http_client.h"

struct up_end {
	struct http_client *pool, *broker;
	bool fresh;             /* end the leases of volatile pools too */
	const bool *in_a_hurry; /* a second Ctrl-C: phones are not asked, but stopped */
};

/* Closes sessions, stops the pools' work, ends leases if `fresh`, destroys the clones that nobody
 * holds, and stops the phones that somebody does. What fails is logged, and the rest still done. */
void up_end_phones(const struct up_end *end);
/* Whatever the host then still runs (poold did not answer, or did not know it) is cut off. */
void up_end_rest(struct http_client *qvisord);
/* Only the leases of volatile pools, for what an earlier run left. */
void up_end_leases(struct http_client *pool);
