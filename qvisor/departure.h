/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone that goes to another host while it runs, or as it lies there suspended or off.
 *
 * Happy path: FILES, in passes, while the guest writes to them -> MEMORY, QEMU's pre-copy, through
 * memory_delta.h -> the guest stands; its last pages and what its files changed since -> HANDED
 * OVER, recorded here first: from then on it does not go on here unless the other host says that it
 * never did there -> it runs there -> removed here. Failures: before it is handed over the phone
 * goes on here and nothing is left there; after that, also by a qvisord that starts anew, the other
 * host is asked until it answers. So at each moment at most one of the two may run it, and one
 * will. docs/decisions/160. Main thread.
 */
#pragma once

#include "common/operation.h"
#include "qvisor/phone.h"

/* Begins; the operation's result is {"to", "downtime_ms", "total_ms", "memory_bytes", "file_bytes",
 * "pages", "pages_sent"}. Cancelling it before the phone is handed over leaves the phone as it was.
 * The same place and ticket again: the operation that runs. NULL with QVMI_ERROR_CONFLICT. */
struct operation *departure_begin(
    struct phone *phone, const char *place, const char *ticket, GError **error);
/* Of a phone whose record says that it was handed over (phone->leaving): asks until it is known
 * what became of it. */
void departure_resume(struct phone *phone);
/* Where it is going, or has gone if nobody knows better; NULL: it stays. Borrowed. */
const char *departure_place(const struct phone *phone);
/* QVMI_ERROR_CONFLICT while nobody knows where it runs: then nothing may be done to it here. */
bool departure_check(const struct phone *phone, GError **error);
/* The host that it was handed over to does not answer, and never will again, as who orders this
 * knows: it stays here. If it does come back with the phone, there are two. QVMI_ERROR_CONFLICT
 * when the phone was not handed over, or the other host has not been asked in vain. */
bool departure_take_back(struct phone *phone, GError **error);
/* Ends one that goes on, unless the phone is handed over. For a phone that is about to end. */
void departure_abort(struct phone *phone, const GError *cause);
/* What QEMU tells, and its end. */
void departure_event(struct phone *phone, const char *name, JsonObject *payload);
void departure_exited(struct phone *phone, const char *how);
