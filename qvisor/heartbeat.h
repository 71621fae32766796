/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds phones whose QEMU does not answer any more: each that runs is asked "query-status" once a
 * second, and is hung when an answer is HEARTBEAT_HUNG_MS late. Found within 5 s, told by the
 * phone's "health" and reason, and, when it lasts for phone.hung-grace-s, dealt with by phone.hung.
 * One that answers again in between is well again. Main thread.
 *
 * Late is measured by our own turns: a host on which we did not run either says nothing about QEMU.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/config.h"

#define HEARTBEAT_TICK_MS 1000
#define HEARTBEAT_HUNG_MS 3000

struct host;
struct phone;
struct heartbeat;

/* Kept in each phone. */
struct heartbeat_pulse {
	bool waits;       /* for an answer */
	unsigned late_ms; /* that it is late, in turns of ours */
	bool hung;
};

/* NULL with QVMI_ERROR_INVALID when phone.hung is no policy. Freed before the phones are. */
struct heartbeat *heartbeat_new(struct host *host, const struct config *config, GError **error);
void heartbeat_free(struct heartbeat *heartbeat);

/* Forgets what was: the phone has been started, adopted, or has ended. */
void heartbeat_reset(struct phone *phone);

DEFINE_CLEANUP(heartbeat);
