/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What /metrics tells of the pool. */
#pragma once

#include "common/metrics.h"

struct meters {
	struct metric *leases;        /* answered requests, by result */
	struct metric *lease_seconds; /* request to answer */
	struct metric *clones;        /* asked of hosts, by result */
	struct metric *reachable;     /* hosts */
};

void meters_init(struct meters *meters);
