/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/phone_table.h"

#include <string.h>

#include "common/error.h"
#include "qvisor/arrival.h"
#include "qvisor/departure.h"
#include "qvisor/folder.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_save.h"
#include "qvisor/phone_snapshot.h"
#include "qvisor/phone_suspend.h"
#include "qvisor/phone_volume.h"
#include "qvisor/platform.h"

struct phone_table {
	struct host *host;
	GHashTable *phones;     /* uuid -> struct phone * */
	GHashTable *quarantine; /* folder -> reason */
};

/* struct platform_known_fn */
static bool is_known(void *data, const char *uuid, pid_t pid)
{
	const struct phone_table *table = data;
	GHashTableIter iterator;
	void *value;
	g_hash_table_iter_init(&iterator, table->phones);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		const struct phone *phone = value;
		if (uuid ? (phone->process || phone->start) && !strcmp(phone->uuid, uuid)
		         : phone->process && phone->process->pid == pid)
			return true;
	}
	return false;
}

/* One that was taken over from another host, and we ended before that was recorded: it is nowhere
 * else any more. */
static void adopt_taken(struct phone *phone, pid_t pid)
{
	if (phone->established || phone->state != PHONE_CREATING || !phone->arrival ||
	    !arrival_was_taken(phone->host, phone->arrival))
		return;
	phone->established = true;
	phone->state = pid                                                     ? PHONE_RUNNING
	               : phone_suspend_recover(phone) == PHONE_SUSPENDED_WHOLE ? PHONE_SUSPENDED
	                                                                       : PHONE_OFF;
}

/* false: the phone is not to be kept. */
static bool adopt(struct phone *phone, pid_t pid, uint64_t start_time)
{
	struct platform *platform = phone->host->platform;
	adopt_taken(phone, pid);
	bool was_running = phone->state == PHONE_RUNNING || phone->state == PHONE_STOPPING;
	if (!phone->established && phone->state != PHONE_OFF)
		return false; /* its creation was never answered */
	phone_snapshot_recover(phone);
	enum phone_suspended suspended = phone_suspend_recover(phone);
	if (phone->state == PHONE_SUSPENDED ||
	    (phone->state == PHONE_CREATING && suspended != PHONE_SUSPENDED_RESUMED)) {
		platform->end(platform, phone->uuid, pid, start_time);
		if (phone->state == PHONE_CREATING)
			phone_set_state(phone,
			    suspended == PHONE_SUSPENDED_WHOLE ? PHONE_SUSPENDED : PHONE_OFF,
			    "qvisord ended while the phone was being started");
		return true;
	}
	was_running |= phone->state == PHONE_CREATING;
	phone_suspend_forget(phone);
	g_autoptr(GError) error = NULL;
	if (pid)
		phone->process = platform->adopt(
		    platform, phone->uuid, pid, start_time, phone_exited, phone, &error);
	if (!phone->process) {
		if (was_running)
			phone_set_state(phone, PHONE_OFF, "it ended while qvisord was not running");
		return true;
	}
	/* An order to stop ended with us; whoever gave it gives it again. What it had set going may
	 * still end the phone, which is no failure then. */
	phone->switched_off = phone->state == PHONE_STOPPING;
	phone->state = PHONE_RUNNING;
	g_message("phone %s is adopted (pid %d)", phone->uuid, (int)pid);
	if (!phone_connect(phone, &error))
		g_warning("phone %s: %s", phone->uuid, error->message);
	/* It stands still when we ended while it was being saved; one that may run elsewhere has
	 * to.
	 */
	if (!phone->leaving_to)
		phone_save_continue(phone);
	return true;
}

/* A phone's folder is made before its record: killed between the two, we leave one in which there
 * is nothing of anybody's, but perhaps the record as it was about to be renamed. */
static bool was_never_begun(const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir)))
		if (!g_str_has_prefix(name, "phone.json."))
			return false;
	return dir && folder_delete(folder, NULL);
}

static void load(struct phone_table *table, const char *name)
{
	struct host *host = table->host;
	g_autofree char *folder = g_build_filename(host->state_folder, name, NULL);
	if (folder_is_being_deleted(name)) {
		folder_delete(folder, NULL);
		return;
	}
	if (*name == '.') /* ours: the network's record */
		return;
	if (!g_uuid_string_is_valid(name)) {
		g_hash_table_insert(
		    table->quarantine, g_strdup(folder), g_strdup("not a phone's folder"));
		return;
	}
	pid_t pid = 0;
	uint64_t start_time = 0;
	g_autoptr(GError) error = NULL;
	struct phone *phone = phone_record_load(host, name, &pid, &start_time, &error);
	if (!phone && was_never_begun(folder)) {
		g_message("phone %s was never begun: removed", name);
		return;
	}
	if (!phone) {
		g_warning("left alone: %s", error->message);
		g_hash_table_insert(table->quarantine, g_strdup(folder), g_strdup(error->message));
		return;
	}
	if (adopt(phone, pid, start_time)) {
		g_hash_table_insert(table->phones, phone->uuid, phone);
		departure_resume(phone);
		return;
	}
	g_message("phone %s was never finished: removed", phone->uuid);
	host->platform->end(host->platform, phone->uuid, pid, start_time);
	phone_volume_abandon(phone);
	phone_free(phone);
	if (!folder_delete(folder, &error))
		g_warning("%s", error->message);
}

struct phone_table *phone_table_open(struct host *host, GError **error)
{
	GDir *dir = g_dir_open(host->state_folder, 0, error);
	if (!dir)
		return NULL;
	struct phone_table *table = g_new0(struct phone_table, 1);
	table->host = host;
	table->phones =
	    g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)phone_free);
	table->quarantine = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	const char *name;
	while ((name = g_dir_read_name(dir)))
		load(table, name);
	g_dir_close(dir);
	host->platform->sweep(host->platform, is_known, table);
	return table;
}

void phone_table_free(struct phone_table *table)
{
	if (!table)
		return;
	g_hash_table_unref(table->phones);
	g_hash_table_unref(table->quarantine);
	g_free(table);
}

void phone_table_add(struct phone_table *table, struct phone *phone)
{
	g_hash_table_insert(table->phones, phone->uuid, phone);
}

void phone_table_remove(struct phone_table *table, struct phone *phone)
{
	g_hash_table_remove(table->phones, phone->uuid);
}

struct phone *phone_table_find(struct phone_table *table, const char *uuid, GError **error)
{
	struct phone *phone = g_hash_table_lookup(table->phones, uuid);
	if (!phone)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "there is no phone %s on this host; GET /v1/phones lists them", uuid);
	return phone;
}

struct phone *phone_table_find_key(struct phone_table *table, const char *idempotency_key)
{
	GHashTableIter iterator;
	void *value;
	g_hash_table_iter_init(&iterator, table->phones);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		struct phone *phone = value;
		if (!g_strcmp0(phone->idempotency_key, idempotency_key))
			return phone;
	}
	return NULL;
}

bool phone_table_name_taken(const struct phone_table *table, const char *name)
{
	GHashTableIter iterator;
	void *value;
	g_hash_table_iter_init(&iterator, table->phones);
	while (g_hash_table_iter_next(&iterator, NULL, &value))
		if (!strcmp(((struct phone *)value)->name, name))
			return true;
	return false;
}

unsigned phone_table_count(const struct phone_table *table)
{
	return g_hash_table_size(table->phones);
}

unsigned phone_table_running(const struct phone_table *table)
{
	unsigned n = 0;
	GHashTableIter iterator;
	void *value;
	g_hash_table_iter_init(&iterator, table->phones);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		const struct phone *phone = value;
		n += phone->process || phone->state == PHONE_CREATING;
	}
	return n;
}

bool phone_table_starts(const struct phone_table *table)
{
	GHashTableIter iterator;
	void *value;
	g_hash_table_iter_init(&iterator, table->phones);
	while (g_hash_table_iter_next(&iterator, NULL, &value))
		if (((const struct phone *)value)->start)
			return true;
	return false;
}

static int by_creation(gconstpointer a, gconstpointer b)
{
	const struct phone *const *x = a, *const *y = b;
	int order = strcmp((*x)->created, (*y)->created);
	return order ? order : strcmp((*x)->uuid, (*y)->uuid);
}

GPtrArray *phone_table_list(const struct phone_table *table)
{
	GPtrArray *list = g_ptr_array_new();
	GHashTableIter iterator;
	void *value;
	g_hash_table_iter_init(&iterator, table->phones);
	while (g_hash_table_iter_next(&iterator, NULL, &value))
		g_ptr_array_add(list, value);
	g_ptr_array_sort(list, by_creation);
	return list;
}

JsonArray *phone_table_quarantine(const struct phone_table *table)
{
	JsonArray *list = json_array_new();
	GHashTableIter iterator;
	void *folder, *reason;
	g_hash_table_iter_init(&iterator, table->quarantine);
	while (g_hash_table_iter_next(&iterator, &folder, &reason)) {
		JsonObject *object = json_object_new();
		json_object_set_string_member(object, "folder", folder);
		json_object_set_string_member(object, "reason", reason);
		json_array_add_object_element(list, object);
	}
	return list;
}
