/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of a pool: phones of one template, kept ready by a rule. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "common/database.h"

#define POOL_MAX_PHONES 4096

struct pool_record {
	char *name;
	char *template;
	int ready;            /* clones that stand by */
	int max;              /* phones in all: ready, leased, and kept for their users */
	bool volatile_phones; /* a lease's end destroys the phone */
	bool volumes;         /* each user has a volume of their own in it */
	char *network;        /* what its phones may reach (name.h); NULL: as each host has it */
	char *rule;           /* script that allocates, without ".lua" */
};
void pool_record_free(struct pool_record *record);
DEFINE_CLEANUP(pool_record);

/* From the body of POST /v1/pools. */
struct pool_record *pool_record_parse(JsonObject *object, GError **error);
/* PATCH /v1/pools/{name}: members that are there replace. Unknown ones are an error. */
bool pool_record_patch(struct pool_record *record, JsonObject *object, GError **error);

bool pool_record_save(struct database *db, const struct pool_record *record, GError **error);
/* Elements are struct pool_record *. */
GPtrArray *pool_record_list(struct database *db, GError **error);
/* QVMI_ERROR_NOT_FOUND */
struct pool_record *pool_record_get(struct database *db, const char *name, GError **error);
/* The row only; its phones have to be elsewhere already. */
bool pool_record_delete(struct database *db, const char *name, GError **error);
