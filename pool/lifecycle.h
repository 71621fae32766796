/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people order about phones and leases. Each is recorded when the function returns true, and
 * `done` (may be NULL) is called when it has happened or could not; what could not, the worker goes
 * on trying (destroy, release) or has undone (create).
 */
#pragma once

#include "pool/manager.h"
#include "pool/work.h"

/* A volatile pool's phone is destroyed, another is switched off and kept for its owner. */
bool lifecycle_end_lease(struct manager *m, const char *lease, const char *why, const char *who,
    work_fn done, void *data, GError **error);

/* A phone made by hand: from a template, or in a pool, where it is kept for `who`, counted, and
 * given to nobody else. */
struct phone_order {
	const char *pool;            /* or: */
	const char *template, *host; /* host NULL: the emptiest one */
	const char *name;            /* NULL: the host makes one */
	const char *who;
	const char *key, *digest; /* idempotency; key may be NULL */
};
bool lifecycle_create_phone(struct manager *m, const struct phone_order *order,
    char uuid[UUID_SIZE], work_fn done, void *data, GError **error);

/* Also a phone that no record knows, when a host has it. One that is leased is QVMI_ERROR_CONFLICT
 * unless `force`, which ends the lease. */
bool lifecycle_destroy_phone(struct manager *m, const char *uuid, bool force, const char *who,
    work_fn done, void *data, GError **error);

/* `discard`: not resumed, but started afresh. `off_by_force`: pull the plug; else it has
 * `timeout_s` (0: 30) to go by itself. A spare clone is not switched off: it would be replaced. */
bool lifecycle_start_phone(
    struct manager *m, const char *uuid, bool discard, work_fn done, void *data, GError **error);
bool lifecycle_stop_phone(struct manager *m, const char *uuid, bool off_by_force, int timeout_s,
    work_fn done, void *data, GError **error);

/* Its spare phones are destroyed. QVMI_ERROR_CONFLICT while phones of it are leased or kept. */
bool lifecycle_delete_pool(struct manager *m, const char *name, const char *who, GError **error);
