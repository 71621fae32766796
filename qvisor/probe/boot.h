/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Boots an image once under trace, without a network and on an overlay that is thrown away, and
 * tells which devices the guest's drivers have taken, which driver by the guest's own word, and
 * which accesses went nowhere.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "qvisor/manifest.h"

/* Until the agent is ready, the guest has ended, or `seconds` are over. Adds "boot", "bound" and
 * "nowhere" to the report. Runs a main loop of its
 * own, and confines this process for good (boot_jail.h): it is the last thing that it does. */
bool boot_trace(
    const struct manifest *manifest, unsigned seconds, JsonObject *report, GError **error);
