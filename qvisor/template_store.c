/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/template_store.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/folder.h"
#include "qvisor/prespawn.h"
#include "qvisor/template_build.h"
#include "qvisor/template_holder.h"
#include "qvisor/zygote.h"

struct template_store {
	struct host *host;
	GPtrArray *templates; /* struct template *, oldest first */
	GHashTable *builds;   /* name -> struct build * */
	GHashTable *let_go;   /* names of templates that a phone has ended to need */
	guint tidy;
};

struct build {
	struct template_store *store;
	char *name;
	struct operation *operation;
	struct template_build *work;
};

static void build_free(void *pointer)
{
	struct build *build = pointer;
	template_build_free(build->work);
	g_free(build->name);
	g_free(build);
}

static int by_age(gconstpointer a, gconstpointer b)
{
	const struct template *const *x = a, *const *y = b;
	return strcmp((*x)->created, (*y)->created); /* RFC 3339 in UTC sorts as text */
}

/* Of a verification that nobody's request waits for. */
static void log_result(void *data, const GError *error)
{
	(void)data;
	if (error)
		g_warning("%s", error->message);
}

static void store_scan(struct template_store *store, const char *name)
{
	g_autofree char *path = g_build_filename(store->host->template_folder, name, NULL);
	if (!g_file_test(path, G_FILE_TEST_IS_DIR))
		return;
	g_autoptr(GError) error = NULL;
	if (folder_is_being_deleted(name)) {
		folder_delete(path, NULL);
		return;
	}
	if (g_str_has_suffix(name, ".part")) {
		AUTO_FD lock = folder_lock(path, true, &error);
		if (lock < 0) { /* another daemon builds it */
			g_message("%s", error->message);
			return;
		}
		g_message("removing %s, left by a build that was interrupted", path);
		if (!folder_delete(path, &error))
			g_warning("%s", error->message);
		return;
	}
	struct template *template = template_load(path, &error);
	if (!template) {
		g_warning("this template is left out: %s", error->message);
		return;
	}
	g_ptr_array_add(store->templates, template);
}

/* What phones need, ours and those of a daemon that may not even run, stays; so does the newest of
 * a name. */
static bool is_left_over(struct template_store *store, const struct template *template)
{
	if (template->users || template == template_store_find(store, template->name, NULL))
		return false;
	g_autofree char *holder = template_holder_find(template->folder);
	return !holder;
}

static gboolean store_tidy(void *pointer)
{
	struct template_store *store = pointer;
	store->tidy = 0;
	for (unsigned i = store->templates->len; i-- > 0;) {
		struct template *template = g_ptr_array_index(store->templates, i);
		g_autoptr(GError) error = NULL;
		if (!g_hash_table_contains(store->let_go, template->name))
			continue;
		if (!template->users)
			template_holder_remove(template->folder, store->host->state_folder);
		if (!is_left_over(store, template))
			continue;
		if (!template_delete(template, &error))
			g_warning("%s", error->message);
		g_ptr_array_remove_index(store->templates, i);
	}
	g_hash_table_remove_all(store->let_go);
	return G_SOURCE_REMOVE;
}

/* From the main loop, and so not when the daemon ends: its phones are let go of then, and live on.
 */
static void store_tidy_later(struct template_store *store, const char *name)
{
	g_hash_table_add(store->let_go, g_strdup(name));
	if (!store->tidy)
		store->tidy = g_idle_add(store_tidy, store);
}

struct template_store *template_store_open(struct host *host, GError **error)
{
	GDir *dir = g_dir_open(host->template_folder, 0, error);
	if (!dir)
		return NULL;
	struct template_store *store = g_new0(struct template_store, 1);
	store->host = host;
	store->templates = g_ptr_array_new_with_free_func((GDestroyNotify)template_free);
	store->builds = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, build_free);
	store->let_go = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	const char *name;
	while ((name = g_dir_read_name(dir)))
		store_scan(store, name);
	g_dir_close(dir);
	g_ptr_array_sort(store->templates, by_age);
	for (unsigned i = 0; i < store->templates->len; i++)
		template_verify(g_ptr_array_index(store->templates, i), log_result, NULL);
	return store;
}

void template_store_free(struct template_store *store)
{
	if (!store)
		return;
	g_clear_handle_id(&store->tidy, g_source_remove);
	g_hash_table_unref(store->builds);
	g_hash_table_unref(store->let_go);
	g_ptr_array_unref(store->templates);
	g_free(store);
}

struct template *template_store_find_folder(struct template_store *store, const char *base)
{
	for (unsigned i = 0; i < store->templates->len; i++) {
		struct template *template = g_ptr_array_index(store->templates, i);
		const char *slash = strrchr(template->folder, '/');
		if (slash && !strcmp(slash + 1, base))
			return template;
	}
	return NULL;
}

struct template *template_store_find_if(struct template_store *store,
    bool (*fits)(const struct template *template, void *data), void *data)
{
	for (unsigned i = store->templates->len; i-- > 0;) {
		struct template *template = g_ptr_array_index(store->templates, i);
		if (fits(template, data))
			return template;
	}
	return NULL;
}

struct template *template_store_find(struct template_store *store, const char *name, GError **error)
{
	for (unsigned i = store->templates->len; i-- > 0;) {
		struct template *template = g_ptr_array_index(store->templates, i);
		if (!strcmp(template->name, name))
			return template;
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
	    g_hash_table_contains(store->builds, name)
	        ? "the template \"%s\" is still being built; wait for it"
	        : "there is no template \"%s\" on this host; build it: qvmi template build",
	    name);
	return NULL;
}

void template_store_hold(struct template_store *store, struct template *template)
{
	if (!template->users++)
		template_holder_add(template->folder, store->host->state_folder);
}

void template_store_release(struct template_store *store, struct template *template)
{
	g_assert(template->users);
	if (!--template->users)
		store_tidy_later(store, template->name);
}

static void on_built(void *data, struct template *template, const GError *error)
{
	struct build *build = data;
	struct template_store *store = build->store;
	struct operation *operation = build->operation;
	build->work = NULL;
	g_autofree char *name = g_strdup(build->name);
	g_hash_table_remove(store->builds, name);
	if (error) {
		operation_fail(operation, error);
		return;
	}
	g_ptr_array_add(store->templates, template);
	prespawn_drop(store->host->prespawn, name);
	store_tidy_later(store, name);
	zygotes_drop(store->host->zygotes, name);
	g_message("the template \"%s\" is ready: cold boot %.1f s, %u MiB", name,
	    template->cold_boot_s, (unsigned)(template_size(template) >> 20));
	template_trust(template);
	operation_succeed(operation, template_json(template));
}

struct operation *template_store_build(
    struct template_store *store, const char *manifest_path, bool force, GError **error)
{
	struct host *host = store->host;
	AUTO(manifest) manifest = manifest_load(manifest_path, error);
	if (!manifest)
		return NULL;
	if (!host_can_run(host, manifest, error))
		return NULL;
	const struct emulator emulator = host_emulator(host, manifest->architecture);
	g_autofree char *key =
	    template_key(manifest, host->qemu_version, emulator.accelerator, emulator.cpu);
	struct build *running = g_hash_table_lookup(store->builds, manifest->name);
	if (running) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the template \"%s\" is being built already by operation %s", manifest->name,
		    operation_id(running->operation));
		return NULL;
	}
	struct template *newest = template_store_find(store, manifest->name, NULL);
	struct operation *operation =
	    operation_start(host->operations, "template-build", manifest->name);
	if (newest && !force && newest->state != TEMPLATE_DAMAGED && !strcmp(newest->key, key)) {
		operation_succeed(operation, template_json(newest));
		return operation;
	}
	struct build *build = g_new0(struct build, 1);
	build->store = store;
	build->name = g_strdup(manifest->name);
	build->operation = operation;
	g_hash_table_insert(store->builds, build->name, build);
	build->work =
	    template_build_new(host, g_steal_pointer(&manifest), key, operation, on_built, build);
	return operation;
}

static bool check_unheld(const struct template *template, GError **error)
{
	g_autofree char *holder = template_holder_find(template->folder);
	if (holder)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "phones in %s use the template "
		    "\"%s\"; destroy them first",
		    holder, template->name);
	return !holder;
}

bool template_store_remove(struct template_store *store, const char *name, GError **error)
{
	if (!template_store_find(store, name, error))
		return false;
	prespawn_drop(store->host->prespawn, name);
	zygotes_drop(store->host->zygotes, name);
	for (unsigned i = 0; i < store->templates->len; i++) {
		const struct template *template = g_ptr_array_index(store->templates, i);
		if (!template->users) /* what was dropped now may have been the last */
			template_holder_remove(template->folder, store->host->state_folder);
		if (!strcmp(template->name, name) && template->users) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
			    "%u phones use the template \"%s\"; destroy them first",
			    template->users, name);
			return false;
		}
		if (!strcmp(template->name, name) && !check_unheld(template, error))
			return false;
	}
	for (unsigned i = store->templates->len; i-- > 0;) {
		struct template *template = g_ptr_array_index(store->templates, i);
		if (strcmp(template->name, name))
			continue;
		if (!template_delete(template, error))
			return false;
		g_ptr_array_remove_index(store->templates, i);
	}
	return true;
}

JsonNode *template_store_json(struct template_store *store)
{
	JsonArray *list = json_array_new();
	for (unsigned i = 0; i < store->templates->len; i++) {
		const struct template *template = g_ptr_array_index(store->templates, i);
		if (template_store_find(store, template->name, NULL) == template)
			json_array_add_element(list, template_json(template));
	}
	GHashTableIter iterator;
	void *value;
	g_hash_table_iter_init(&iterator, store->builds);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		const struct build *build = value;
		JsonObject *object = json_object_new();
		json_object_set_string_member(object, "name", build->name);
		json_object_set_string_member(object, "state", "building");
		json_object_set_string_member(object, "operation", operation_id(build->operation));
		json_array_add_object_element(list, object);
	}
	JsonObject *root = json_object_new();
	json_object_set_array_member(root, "templates", list);
	return json_node_of(root);
}
