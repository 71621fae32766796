/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots of a running phone, memory and disk of one moment, in its folder and sealed with its
 * key: snapshot-NAME.memory, as a suspended phone's; snapshot-NAME.disk, a copy of its overlay;
 * snapshot-NAME.json, written last: without it there is no snapshot. Main thread.
 */
#pragma once

#include "qvisor/phone.h"

#define PHONE_SNAPSHOTS_MAX 16

/* The guest stands still until it is done, and goes on whether it could be done or not. `name` as a
 * template's. QVMI_ERROR_CONFLICT: the name is taken, the phone does not run. */
void phone_snapshot_take(struct phone *phone, const char *name, phone_done_fn done, void *data);
/* The phone, running or not, is as it was then, and runs. What it was until now is lost once the
 * snapshot's disk has been read and found whole. */
void phone_snapshot_restore(struct phone *phone, const char *name, phone_done_fn done, void *data);
bool phone_snapshot_delete(struct phone *phone, const char *name, GError **error);
/* All of them, and what a crash left of one. */
void phone_snapshot_delete_all(const struct phone *phone);
/* Removes what a crash left of one that was being taken. */
void phone_snapshot_recover(const struct phone *phone);

unsigned phone_snapshot_count(const struct phone *phone);
/* {"snapshots": [{"name", "created", "memory_mib", "size_mib"}]}, by name. Caller unrefs. */
JsonNode *phone_snapshot_json(const struct phone *phone);
