/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of a lease: this user holds this phone. Unique indices see to I2; a lease whose phone
 * is still being created is pending, and answered to nobody yet. Ended leases are kept a month.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/database.h"

struct lease_record {
	char *id;
	char *user, *pool, *slot;
	char *phone;
	int64_t since; /* microseconds since the epoch */
	int64_t ended; /* 0: live */
	char *end_reason;
};
void lease_record_free(struct lease_record *record);
DEFINE_CLEANUP(lease_record);

/* QVMI_ERROR_CONFLICT when the phone, or the user's slot, has a live lease: somebody was first. */
bool lease_record_insert(struct database *db, const struct lease_record *record, GError **error);
bool lease_record_end(
    struct database *db, const char *id, const char *reason, int64_t now, GError **error);
/* One that was never acknowledged. */
bool lease_record_delete(struct database *db, const char *id, GError **error);
bool lease_record_forget_before(struct database *db, int64_t ended, GError **error);

/* QVMI_ERROR_NOT_FOUND */
struct lease_record *lease_record_get(struct database *db, const char *id, GError **error);
/* The live lease of user, pool and slot; NULL without error when there is none. */
struct lease_record *lease_record_find(
    struct database *db, const char *user, const char *pool, const char *slot, GError **error);

struct lease_filter {
	const char *user, *phone, *pool; /* NULL: any */
	bool ended;                      /* also those that have ended */
	const char *after;               /* id of the last one of the page before; NULL: first */
	int limit;                       /* > 0 */
};
/* Elements are struct lease_record *, by id. */
GPtrArray *lease_record_list(
    struct database *db, const struct lease_filter *filter, GError **error);
