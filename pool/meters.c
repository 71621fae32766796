/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/meters.h"

void meters_init(struct meters *m)
{
	static const double bounds[] = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

	m->leases =
	    metric_counter("qvmi_pool_leases_total", "Requests for a phone answered.", "result");
	m->lease_seconds = metric_histogram("qvmi_pool_lease_seconds",
	    "Request for a phone to its answer.", bounds, G_N_ELEMENTS(bounds));
	m->clones = metric_counter("qvmi_pool_clones_total", "Clones asked of hosts.", "result");
	m->reachable = metric_gauge("qvmi_pool_hosts_reachable", "Hosts that answer.", NULL);
}
