/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The users' volumes of this host: a folder a volume, named by its id (a UUID in lower case), and a
 * stock of empty ones. The folders are the records; a rename is what gives one to somebody.
 *   ID            somebody's
 *   .ready-UUID   in stock
 *   .part-UUID    being made, or coming from another host; the next start removes it
 * One without a key is one whose destruction was cut short: the next start goes on with it. Main
 * thread.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/cleanup.h"

#define USER_VOLUMES_WAITING_MAX 256 /* who waits for one; more are QVMI_ERROR_EXHAUSTED */

struct user_volume_store;

struct user_volume_store_settings {
	const char *folder;
	unsigned size_mib;         /* of a new one */
	unsigned stock;            /* empty ones kept ready */
	unsigned disk_reserve_mib; /* none is made when less is free */
};

/* QVMI_ERROR_CONFLICT when another daemon has the folder. */
struct user_volume_store *user_volume_store_open(
    const struct user_volume_store_settings *settings, GError **error);
/* Who waits is told QVMI_ERROR_CANCELLED. */
void user_volume_store_free(struct user_volume_store *store);

/* Borrowed. */
const char *user_volume_store_folder(const struct user_volume_store *store);
bool user_volume_id_valid(const char *id);
/* The folder of a volume that is there; caller frees. NULL with QVMI_ERROR_NOT_FOUND, or with
 * _CONFLICT when the host keeps none (`store` NULL). */
char *user_volume_store_find(const struct user_volume_store *store, const char *id, GError **error);

/* One that comes from another host: makes its folder, to be written to; caller frees.
 * QVMI_ERROR_CONFLICT when there is one of that id. user_volume_store_arrived(): it is whole so
 * far, and there for whoever looks for it; also when it was already. */
char *user_volume_store_arrive(struct user_volume_store *store, const char *id, GError **error);
bool user_volume_store_arrived(struct user_volume_store *store, const char *id, GError **error);

typedef void (*user_volume_store_fn)(void *data, const GError *error);
/* There is a volume of this id afterwards: one from the stock, unless it is there already. Answers
 * once, from the main loop. */
void user_volume_store_want(
    struct user_volume_store *store, const char *id, user_volume_store_fn done, void *data);
/* Its key, which makes it unreadable; or all of it, the key first, also of one that has not come
 * whole. Whoever has it must have let go. True when there is none. */
bool user_volume_store_destroy_key(struct user_volume_store *store, const char *id, GError **error);
bool user_volume_store_destroy(struct user_volume_store *store, const char *id, GError **error);

/* Ids, sorted; elements are char *; caller unrefs. */
GPtrArray *user_volume_store_list(const struct user_volume_store *store);
/* Appends {"folder", "reason"} of each that is damaged, and of what is no volume at all. All of
 * them are left as they are. */
void user_volume_store_quarantine(const struct user_volume_store *store, JsonArray *list);
unsigned user_volume_store_ready(const struct user_volume_store *store);

DEFINE_CLEANUP(user_volume_store);
