/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What poold is: records, hosts, and the work between them. This page is the inside that the parts
 * of the pool share; the parts are work.h (one phone), allocator.h (one lease), worker.h (all the
 * time). Main thread only.
 *
 * The rule for all of them: record first, then act. Whatever is acknowledged is in the database;
 * whatever is in the database and not yet true is finished or undone by the worker, also after the
 * process has been killed in between.
 */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "common/database.h"
#include "pool/decision.h"
#include "pool/host.h"
#include "pool/meters.h"
#include "pool/rules.h"
#include "pool/world.h"

struct manager {
	struct database *db;
	struct world world;
	struct meters meters;
	struct rules *rules;
	host_connect_fn connect;
	void *connect_data;
	GHashTable *hosts;       /* id -> struct host * */
	GHashTable *work;        /* uuid -> struct phone_work * (work.c) */
	GHashTable *allocations; /* slot key -> struct allocation * (allocator.c) */
	bool deciding;           /* one allocation at a time asks its rule */
	GQueue undecided;        /* of struct allocation *: those behind it */
	GHashTable *reserves;    /* pool name -> struct reserve * (replenish.c) */
	GHashTable *moves;       /* uuid -> struct move * (move.c) */
	GHashTable *lost;        /* uuids of phones that have been reported as lost */
	guint interval_ms, timer;
	int64_t started, tidied;
	bool closing;
};

struct manager_options {
	struct database *db; /* taken */
	struct rules *rules; /* taken */
	struct world world;
	host_connect_fn connect;
	void *connect_data;
	guint interval_ms; /* of the worker; 0: it runs only when it is called */
};
/* Reads the hosts; does nothing to them before the first turn of the worker. */
struct manager *manager_new(const struct manager_options *options, GError **error);
/* What is under way ends unanswered and is picked up by the next manager on these records. */
void manager_free(struct manager *manager);
DEFINE_CLEANUP(manager);

/* Records the host (takes the record) and begins to ask it; one that is recorded already keeps its
 * duty, and all that is known of it when it still is where it was. */
bool manager_add_host(struct manager *manager, struct host_record *record, GError **error);
/* QVMI_ERROR_NOT_FOUND */
bool manager_set_duty(struct manager *manager, const char *id, enum host_duty duty, GError **error);
/* QVMI_ERROR_CONFLICT while phones are recorded on it; `force` gives them up: their leases end,
 * orders "forget" by `who` are recorded. */
bool manager_remove_host(
    struct manager *manager, const char *id, bool force, const char *who, GError **error);
/* Borrowed. QVMI_ERROR_NOT_FOUND */
struct host *manager_host(struct manager *manager, const char *id, GError **error);
/* Have all hosts answered, or failed to, at least once? Before, nothing can be decided. */
bool manager_knows_hosts(struct manager *manager);

/* How many hosts answer. */
unsigned manager_reachable_hosts(struct manager *manager);

/* What the host last said of the phone; NULL: nothing. Borrowed. */
const struct phone_truth *manager_truth(
    struct manager *manager, const char *host, const char *uuid);
/* The host that runs a phone, also one that no record knows; NULL: none does. Borrowed. */
struct host *manager_find_phone(struct manager *manager, const char *uuid);

/* The hosts that can clone the template now. Elements are struct choice_host; ids borrowed from
 * the hosts. `only` restricts to one host; NULL: any. */
GArray *manager_choices(struct manager *manager, const char *template, const char *only);

/* Writes the order to destroy a phone and marks its record, in the caller's transaction. */
bool manager_order(struct manager *manager, const char *uuid, const char *host, const char *why,
    const char *who, GError **error);
/* The same for a ready clone, in a transaction of its own and poold's name. False: it could not be
 * recorded, which has been logged. */
bool manager_order_spare(
    struct manager *manager, const char *uuid, const char *host, const char *why);
