/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of a user's volume: which one is that user's in that pool and slot, and on which host.
 * Written before the host is asked to make it; the host knows it by its id.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/database.h"

struct volume_record {
	char *id;
	char *user, *pool, *slot;
	char *host;
	char *phone;     /* the last that got it; NULL: none, or destroyed since */
	bool made;       /* the host has said that it is there: from then on it is not made again */
	int64_t created; /* microseconds since the epoch */
};
void volume_record_free(struct volume_record *record);
DEFINE_CLEANUP(volume_record);

bool volume_record_insert(struct database *db, const struct volume_record *record, GError **error);
/* It is about to be this phone's; no other's. */
bool volume_record_give(struct database *db, const char *id, const char *phone, GError **error);
bool volume_record_set_made(struct database *db, const char *id, GError **error);
/* The phone that has it is on that host, and so is the volume. */
bool volume_record_set_host(
    struct database *db, const char *phone, const char *host, GError **error);
/* No phone of this uuid is there any more. */
bool volume_record_forget_phone(struct database *db, const char *phone, GError **error);
bool volume_record_delete(struct database *db, const char *id, GError **error);

/* NULL without error when there is none. */
struct volume_record *volume_record_find(
    struct database *db, const char *user, const char *pool, const char *slot, GError **error);
struct volume_record *volume_record_of_phone(
    struct database *db, const char *phone, GError **error);
/* QVMI_ERROR_NOT_FOUND */
struct volume_record *volume_record_get(struct database *db, const char *id, GError **error);
/* Elements are struct volume_record *, by user. */
GPtrArray *volume_record_list(struct database *db, GError **error);
