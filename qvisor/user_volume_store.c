/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/user_volume_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <utime.h>

#include "common/error.h"
#include "qvisor/folder.h"
#include "qvisor/phone_key.h"
#include "qvisor/user_volume.h"
#include "qvisor/user_volume_make.h"

#define READY ".ready-"
#define PART ".part-"
#define RETRY_S 30 /* after one could not be made */

struct waiter {
	char *id;
	user_volume_store_fn done;
	void *data;
};

struct user_volume_store {
	char *folder;
	int lock;
	unsigned size_mib, stock, disk_reserve_mib;
	GQueue ready;   /* char *: names of folders */
	GQueue waiting; /* struct waiter * */
	struct user_volume_make *make;
	char *making; /* UUID */
	guint soon, retry;
};

static void serve_soon(struct user_volume_store *store);

bool user_volume_id_valid(const char *id)
{
	return g_uuid_string_is_valid(id) && strspn(id, "0123456789abcdef-") == strlen(id);
}

const char *user_volume_store_folder(const struct user_volume_store *store)
{
	return store->folder;
}

static char *path_of(const struct user_volume_store *store, const char *prefix, const char *id)
{
	return g_strdup_printf("%s/%s%s", store->folder, prefix, id);
}

/* --- opening --- */

static bool is_whole(const char *folder)
{
	struct user_volume volume;
	return user_volume_has_key(folder) && user_volume_read(folder, &volume, NULL);
}

static void load(struct user_volume_store *store, const char *name)
{
	g_autofree char *folder = path_of(store, "", name);
	g_autoptr(GError) error = NULL;
	bool goes = folder_is_being_deleted(name) || g_str_has_prefix(name, PART);
	if (g_str_has_prefix(name, READY)) {
		goes = !is_whole(folder);
		if (!goes)
			g_queue_push_tail(&store->ready, g_strdup(name));
	} else if (user_volume_id_valid(name)) {
		goes = !user_volume_has_key(folder);
	} else if (!goes) {
		g_warning("left alone: %s is no volume's folder", folder);
	}
	if (goes && !folder_delete(folder, &error))
		g_warning("%s", error->message);
}

static bool load_all(struct user_volume_store *store, GError **error)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(store->folder, 0, error);
	const char *name;
	while (dir && (name = g_dir_read_name(dir)))
		g_ptr_array_add(names, g_strdup(name));
	for (unsigned i = 0; i < names->len; i++)
		load(store, names->pdata[i]);
	return dir;
}

struct user_volume_store *user_volume_store_open(
    const struct user_volume_store_settings *settings, GError **error)
{
	AUTO(user_volume_store) store = g_new0(struct user_volume_store, 1);
	store->folder = g_strdup(settings->folder);
	store->size_mib = settings->size_mib;
	store->stock = settings->stock;
	store->disk_reserve_mib = settings->disk_reserve_mib;
	store->lock = -1;
	g_queue_init(&store->ready);
	g_queue_init(&store->waiting);
	if (!folder_make(store->folder, error))
		return NULL;
	store->lock = folder_lock(store->folder, true, error);
	if (store->lock < 0 || !load_all(store, error))
		return NULL;
	serve_soon(store);
	return g_steal_pointer(&store);
}

/* --- who waits --- */

static void waiter_answer(struct waiter *waiter, const GError *error)
{
	waiter->done(waiter->data, error);
	g_free(waiter->id);
	g_free(waiter);
}

static void answer_all(struct user_volume_store *store, const GError *error)
{
	GQueue waiting = store->waiting;
	g_queue_init(&store->waiting);
	for (struct waiter *waiter; (waiter = g_queue_pop_head(&waiting));)
		waiter_answer(waiter, error);
}

void user_volume_store_free(struct user_volume_store *store)
{
	if (!store)
		return;
	g_autoptr(GError) error =
	    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_CANCELLED, "qvisord ends");
	g_clear_handle_id(&store->soon, g_source_remove);
	g_clear_handle_id(&store->retry, g_source_remove);
	answer_all(store, error);
	user_volume_make_free(store->make);
	g_free(store->making);
	g_queue_clear_full(&store->ready, g_free);
	fd_cleanup(&store->lock);
	g_free(store->folder);
	g_free(store);
}

/* rename(2), on the disk before it returns. */
static bool move(
    const struct user_volume_store *store, const char *from, const char *to, GError **error)
{
	AUTO_FD folder = open(store->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0 && !renameat(folder, from, folder, to) && !fsync(folder))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot rename %s/%s: %s", store->folder,
	    from, g_strerror(errno));
	return false;
}

/* --- making --- */

static gboolean on_retry(void *data)
{
	struct user_volume_store *store = data;
	store->retry = 0;
	serve_soon(store);
	return G_SOURCE_REMOVE;
}

static void fail(struct user_volume_store *store, const GError *error)
{
	if (store->making) {
		g_autofree char *part = path_of(store, PART, store->making);
		folder_delete(part, NULL);
		g_clear_pointer(&store->making, g_free);
	}
	g_warning("no volume can be made for now: %s", error->message);
	answer_all(store, error);
	if (!store->retry)
		store->retry = g_timeout_add_seconds(RETRY_S, on_retry, store);
}

static void on_made(void *data, const GError *cause)
{
	struct user_volume_store *store = data;
	g_autoptr(GError) error = cause ? g_error_copy(cause) : NULL;
	g_clear_pointer(&store->make, user_volume_make_free);
	g_autofree char *part = g_strconcat(PART, store->making, NULL);
	g_autofree char *ready = g_strconcat(READY, store->making, NULL);
	if (error || !move(store, part, ready, &error)) {
		fail(store, error);
		return;
	}
	g_queue_push_tail(&store->ready, g_steal_pointer(&ready));
	g_clear_pointer(&store->making, g_free);
	serve_soon(store);
}

static void make_one(struct user_volume_store *store)
{
	g_autoptr(GError) error = NULL;
	if (store->make || (store->retry && g_queue_is_empty(&store->waiting)))
		return;
	if (folder_free_mib(store->folder) < store->disk_reserve_mib) {
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "less than %u MiB are free in %s; make room", store->disk_reserve_mib,
		    store->folder);
		fail(store, error);
		return;
	}
	store->making = g_uuid_string_random();
	g_autofree char *part = path_of(store, PART, store->making);
	store->make = user_volume_make_new(part, store->size_mib, on_made, store, &error);
	if (!store->make)
		fail(store, error);
}

/* false: it has to wait for one to be made. */
static bool serve(struct user_volume_store *store, const struct waiter *waiter, GError **error)
{
	g_autofree char *folder = path_of(store, "", waiter->id);
	g_autofree char *key = g_build_filename(folder, "key", NULL);
	if (g_file_test(folder, G_FILE_TEST_EXISTS))
		return true;
	g_autofree char *ready = g_queue_pop_head(&store->ready);
	if (!ready)
		return false;
	if (move(store, ready, waiter->id, error))
		utime(key, NULL); /* created now */
	return true;
}

static gboolean on_soon(void *data)
{
	struct user_volume_store *store = data;
	store->soon = 0;
	for (struct waiter *waiter; (waiter = g_queue_peek_head(&store->waiting));) {
		g_autoptr(GError) error = NULL;
		if (!serve(store, waiter, &error))
			break;
		g_queue_pop_head(&store->waiting);
		waiter_answer(waiter, error);
	}
	if (!g_queue_is_empty(&store->waiting) || store->ready.length < store->stock)
		make_one(store);
	return G_SOURCE_REMOVE;
}

static void serve_soon(struct user_volume_store *store)
{
	if (!store->soon)
		store->soon = g_idle_add(on_soon, store);
}

void user_volume_store_want(
    struct user_volume_store *store, const char *id, user_volume_store_fn done, void *data)
{
	if (store->waiting.length >= USER_VOLUMES_WAITING_MAX) {
		g_autoptr(GError) error = g_error_new_literal(QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "too many wait for a new volume; try again in a moment");
		done(data, error);
		return;
	}
	struct waiter *waiter = g_new(struct waiter, 1);
	*waiter = (struct waiter){g_strdup(id), done, data};
	g_queue_push_tail(&store->waiting, waiter);
	serve_soon(store);
}

/* --- */

static bool check_store(const struct user_volume_store *store, GError **error)
{
	if (!store)
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "this host keeps no volumes; set host.volume-folder");
	return store;
}

char *user_volume_store_find(const struct user_volume_store *store, const char *id, GError **error)
{
	if (!check_store(store, error))
		return NULL;
	g_autofree char *folder = path_of(store, "", id);
	if (user_volume_id_valid(id) && user_volume_has_key(folder))
		return g_steal_pointer(&folder);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
	    "there is no volume %.64s on this host; GET /v1/volumes lists them", id);
	return NULL;
}

/* --- one that comes --- */

static bool check_new(const struct user_volume_store *store, const char *id, GError **error)
{
	g_autofree char *folder = path_of(store, "", id);
	g_autofree char *part = path_of(store, PART, id);
	if (!g_file_test(folder, G_FILE_TEST_EXISTS) && !g_file_test(part, G_FILE_TEST_EXISTS))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "this host has a volume %s already, or one that is just coming", id);
	return false;
}

char *user_volume_store_arrive(struct user_volume_store *store, const char *id, GError **error)
{
	if (!check_store(store, error) || !check_new(store, id, error))
		return NULL;
	g_autofree char *part = path_of(store, PART, id);
	return folder_make(part, error) ? g_steal_pointer(&part) : NULL;
}

bool user_volume_store_arrived(struct user_volume_store *store, const char *id, GError **error)
{
	g_autofree char *folder = check_store(store, error) ? path_of(store, "", id) : NULL;
	g_autofree char *part = folder ? path_of(store, PART, id) : NULL;
	g_autofree char *from = g_strconcat(PART, id, NULL);
	struct user_volume volume;
	if (!folder)
		return false;
	if (user_volume_has_key(folder))
		return true;
	if (!user_volume_has_key(part)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the volume %s has come without its key", id);
		return false;
	}
	return user_volume_read(part, &volume, error) && move(store, from, id, error);
}

bool user_volume_store_destroy_key(struct user_volume_store *store, const char *id, GError **error)
{
	g_autofree char *folder = check_store(store, error) ? path_of(store, "", id) : NULL;
	return folder && phone_key_destroy(folder, error);
}

bool user_volume_store_destroy(struct user_volume_store *store, const char *id, GError **error)
{
	g_autofree char *folder = check_store(store, error) ? path_of(store, "", id) : NULL;
	g_autofree char *part = folder ? path_of(store, PART, id) : NULL;
	if (!folder || !user_volume_destroy(folder, error) || !user_volume_destroy(part, error))
		return false;
	g_message("volume %s is destroyed", id);
	return true;
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *user_volume_store_list(const struct user_volume_store *store)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(store->folder, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir)))
		if (user_volume_id_valid(name))
			g_ptr_array_add(list, g_strdup(name));
	g_ptr_array_sort(list, by_name);
	return list;
}

static void add_quarantine(JsonArray *list, const char *folder, const char *reason)
{
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "folder", folder);
	json_object_set_string_member(object, "reason", reason);
	json_array_add_object_element(list, object);
}

void user_volume_store_quarantine(const struct user_volume_store *store, JsonArray *list)
{
	g_autoptr(GDir) dir = store ? g_dir_open(store->folder, 0, NULL) : NULL;
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *folder = path_of(store, "", name);
		g_autoptr(GError) damage = NULL;
		struct user_volume volume;
		if (*name == '.') /* ours: the stock, one being made, one being deleted */
			continue;
		if (!user_volume_id_valid(name))
			add_quarantine(list, folder, "not a volume's folder");
		else if (!user_volume_read(folder, &volume, &damage))
			add_quarantine(list, folder, damage->message);
	}
}

unsigned user_volume_store_ready(const struct user_volume_store *store)
{
	return store->ready.length;
}
