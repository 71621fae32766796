/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `qvmi up` tells: people on standard output, programs in run/up.json (0600). */
#pragma once

#include "console/supervisor.h"
#include "console/up_config.h"

/* Written after each start of a daemon too: the next `qvmi up` ends by it what this one left. */
bool up_summary_store(const struct up_layout *layout, const struct up_options *options,
    const struct supervisor *supervisor, GError **error);
void up_summary_print(const struct up_layout *layout, const struct up_options *options);
/* Ends the daemons that run/up.json names and that are still the same processes. */
void up_summary_end_leftovers(const struct up_layout *layout);

/* The address that a terminal on this machine uses: https://127.0.0.1:8443. Caller frees. */
char *up_address(const struct up_options *options, enum up_port port);
