/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots of a running phone, memory and disk of one moment, in its folder and sealed with its
 * key (phone_saving_key()): snapshot-NAME.memory, as a suspended phone's; snapshot-NAME.disk, a
 * copy of its overlay; snapshot-NAME.volume, a copy of its user's volume, encrypted as that is,
 * when it has one mounted; snapshot-NAME.json, written last: without it there is no snapshot.
 * docs/decisions/186. Main thread.
 */
#pragma once

#include "qvisor/phone.h"

#define PHONE_SNAPSHOTS_MAX 16

/* What is to become of the user's files, when a snapshot is restored that has them. */
enum phone_snapshot_files {
	PHONE_SNAPSHOT_FILES_UNSAID,
	PHONE_SNAPSHOT_FILES_BACK, /* as they were then, like the rest; what came since is lost */
	PHONE_SNAPSHOT_FILES_KEEP, /* as they are: the phone boots from its disk as it was then */
};

/* The guest stands still until it is done, and goes on whether it could be done or not. `name` as a
 * template's. QVMI_ERROR_CONFLICT: the name is taken, the phone does not run, its volume is not
 * mounted yet. */
void phone_snapshot_take(struct phone *phone, const char *name, phone_done_fn done, void *data);
/* The phone, running or not, is as it was then, and runs. What it was until now is lost once the
 * snapshot's disk has been read and found whole. QVMI_ERROR_CONFLICT: the snapshot has a volume,
 * and `files` does not say what to do; or the phone does not have that volume any more. */
void phone_snapshot_restore(struct phone *phone, const char *name, enum phone_snapshot_files files,
    phone_done_fn done, void *data);
bool phone_snapshot_delete(struct phone *phone, const char *name, GError **error);
/* All of them, and what a crash left of one. */
void phone_snapshot_delete_all(const struct phone *phone);
/* Removes what a crash left of one that was being taken or restored. */
void phone_snapshot_recover(const struct phone *phone);

unsigned phone_snapshot_count(const struct phone *phone);
/* {"snapshots": [{"name", "created", "memory_mib", "size_mib", "volume"}]}, by name; volume: only
 * of those that have one. Caller unrefs. */
JsonNode *phone_snapshot_json(const struct phone *phone);
