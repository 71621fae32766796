/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by performance*.c. */
#pragma once

#include "qvisor/performance.h"

struct performance {
	struct host *host;
	struct performance_counters now;
	struct performance_ring *ring;
	guint tick;
};
