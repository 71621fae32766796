/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between phone_snapshot.c (what there is), phone_snapshot_take.c and phone_snapshot_restore.c:
 * the files of a snapshot, and an order that goes on over threads. */
#pragma once

#include "qvisor/phone_snapshot.h"
#include "qvisor/sealed_copy.h"

#define SNAPSHOT_PREFIX "snapshot-"

struct snapshot_order {
	struct host *host;
	char *uuid, *name; /* the phone is looked up again after each thread */
	phone_done_fn done;
	void *data;
	/* to take one */
	uint64_t kept; /* pages */
	/* to restore one: what its record says, and what is to become of the user's files */
	bool cold, network;
	struct phone_machine machine, booted;
	char *volume; /* NULL: it has none */
	enum phone_snapshot_files files;
};

struct snapshot_order *snapshot_order_new(
    const struct phone *phone, const char *name, phone_done_fn done, void *data);
void snapshot_order_free(struct snapshot_order *order);
/* Answers, and frees. */
void snapshot_order_end(struct snapshot_order *order, struct phone *phone, const GError *error);
/* After a thread: the phone, or NULL when it is not there any more; then the order has ended. */
struct phone *snapshot_order_phone(struct snapshot_order *order);

/* FOLDER/snapshot-NAME.KIND; caller frees. */
char *snapshot_path(const struct phone *phone, const char *name, const char *kind);
/* All of one, also one that is not whole. */
void snapshot_remove(const struct phone *phone, const char *name);
/* Its record; caller unrefs. QVMI_ERROR_NOT_FOUND */
JsonNode *snapshot_load(const struct phone *phone, const char *name, GError **error);
/* The disk of the phone's volume, `part` while it is being written; caller frees. */
char *snapshot_volume_disk(const struct phone *phone, bool part, GError **error);

/* A file sealed or opened with the key of what is saved of the phone, in a thread. */
typedef void (*snapshot_copy_fn)(
    int from, int to, const uint8_t *key, sealed_copied_fn done, void *data);
bool snapshot_copy(struct snapshot_order *order, const struct phone *phone, bool with_volume,
    const char *from, const char *to, snapshot_copy_fn copy, sealed_copied_fn done, GError **error);
