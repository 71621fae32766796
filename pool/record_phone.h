/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The record of a phone: what we have decided about it. What it does is the host's to say
 * (truth.h); both together are compared by reconcile.h.
 *
 *   creating   -> present      the host has made it
 *   creating   -> destroying   it could not be made, or nobody knows: undone with an order
 *   present    -> releasing    its lease has ended and it is kept for its owner: it is to be off
 *   releasing  -> present      it is off, or leased again
 *   any        -> destroying   an order is recorded (I6); the row goes when the host has none left
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/database.h"

enum phone_stage { PHONE_CREATING, PHONE_PRESENT, PHONE_RELEASING, PHONE_DESTROYING };
const char *phone_stage_name(enum phone_stage stage);

struct phone_record {
	char *uuid;
	char *host;
	char *moving_to; /* host that it is on its way to, or on already (move.h); NULL: it stays */
	char *pool;      /* NULL: made by hand from a template */
	char *template;
	char *network; /* its pool's, read with the record; NULL: as its host has it */
	char *name;    /* host name that was wished for; NULL: the host makes one */
	enum phone_stage stage;
	char *owner;     /* who has ever held it: it can hold their data and is never given to
	                    another; NULL: nobody */
	int64_t created; /* microseconds since the epoch */
	/* The live lease, NULL when there is none; read with the record, written through
	 * record_lease.h. */
	char *lease, *user, *slot;
};
void phone_record_free(struct phone_record *record);
DEFINE_CLEANUP(phone_record);

/* A new one. Inside a transaction with the count that allows it. */
bool phone_record_insert(struct database *db, const struct phone_record *record, GError **error);
bool phone_record_set_stage(
    struct database *db, const char *uuid, enum phone_stage stage, GError **error);
bool phone_record_set_owner(
    struct database *db, const char *uuid, const char *owner, GError **error);
/* On its way to another host; NULL: it stays. And: it is there. */
bool phone_record_set_moving(
    struct database *db, const char *uuid, const char *host, GError **error);
bool phone_record_set_host(struct database *db, const char *uuid, const char *host, GError **error);
bool phone_record_delete(struct database *db, const char *uuid, GError **error);

/* Which phones: NULL is any. */
struct phone_filter {
	const char *host, *pool, *user, *moving_to;
};
/* Elements are struct phone_record *, by uuid. */
GPtrArray *phone_record_list(
    struct database *db, const struct phone_filter *filter, GError **error);
/* QVMI_ERROR_NOT_FOUND */
struct phone_record *phone_record_get(struct database *db, const char *uuid, GError **error);
/* Of a pool, in every stage; -1 with error. */
int phone_record_count(struct database *db, const char *pool, GError **error);
