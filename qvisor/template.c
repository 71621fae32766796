/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/template.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/checksum.h"
#include "qvisor/folder.h"

#define RECORD_MAX_SIZE (256 * 1024)
/* Part of the key: raise it when the command line changes what a saved state needs. */
#define MACHINE_VERSION 1

static void template_clear(void *pointer)
{
	struct template *template = pointer;
	for (unsigned i = 0; i < template->n_files; i++) {
		g_free(template->files[i].role);
		g_free(template->files[i].path);
		g_free(template->files[i].sha256);
	}
	g_free(template->name);
	g_free(template->key);
	g_free(template->folder);
	g_free(template->created);
	g_free(template->qemu_version);
	g_free(template->accelerator);
	g_free(template->damage);
	g_clear_pointer(&template->waiters, g_ptr_array_unref);
	manifest_free(template->manifest);
	fd_cleanup(&template->lock);
}

struct template *template_ref(struct template *template)
{
	return g_rc_box_acquire(template);
}

void template_free(struct template *template)
{
	if (template)
		g_rc_box_release_full(template, template_clear);
}

static bool parse_files(struct template *template, JsonObject *root, GError **error)
{
	JsonArray *files = json_get_array(root, "files", TEMPLATE_MAX_FILES, error);
	if (!files)
		return false;
	for (unsigned i = 0; i < json_array_get_length(files); i++) {
		JsonNode *node = json_array_get_element(files, i);
		if (!JSON_NODE_HOLDS_OBJECT(node)) {
			g_set_error(
			    error, QVMI_ERROR, QVMI_ERROR_INVALID, "files[%u] is no object", i);
			return false;
		}
		JsonObject *object = json_node_get_object(node);
		const char *role = json_get_string(object, "role", 16, error);
		const char *path = role ? json_get_string(object, "path", 4096, error) : NULL;
		const char *sum = path ? json_get_string(object, "sha256", 64, error) : NULL;
		if (!sum)
			return false;
		template->files[template->n_files++] =
		    (struct template_file){.role = g_strdup(role),
		        .path = g_canonicalize_filename(path, template->folder),
		        .sha256 = g_strdup(sum)};
	}
	if (template_path(template, "memory") && template_path(template, "state"))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "files has no memory or no state");
	return false;
}

static bool parse(struct template *template, JsonObject *root, GError **error)
{
	int64_t format, cold_boot_ms;
	const char *key, *created, *version, *accelerator;
	JsonObject *manifest;
	if (!json_get_int(root, "format", 1, 1, &format, error) ||
	    !(key = json_get_string(root, "key", 64, error)) ||
	    !(created = json_get_string(root, "created", 64, error)) ||
	    !(version = json_get_string(root, "qemu", 64, error)) ||
	    !(accelerator = json_get_string(root, "accelerator", 16, error)) ||
	    !json_get_int(root, "cold_boot_ms", 0, G_MAXINT, &cold_boot_ms, error) ||
	    !(manifest = json_get_object(root, "manifest", error)) ||
	    !(template->manifest = manifest_parse(manifest, "/", error)))
		return false;
	template->name = g_strdup(template->manifest->name);
	template->key = g_strdup(key);
	template->created = g_strdup(created);
	template->qemu_version = g_strdup(version);
	template->accelerator = g_strdup(accelerator);
	template->cold_boot_s = cold_boot_ms / 1000.0;
	return parse_files(template, root, error);
}

struct template *template_new(const char *folder)
{
	struct template *template = g_rc_box_new0(struct template);
	template->folder = g_strdup(folder);
	template->lock = -1;
	return template;
}

struct template *template_load(const char *folder, GError **error)
{
	AUTO(template) template = template_new(folder);
	template->lock = folder_lock(folder, false, error);
	if (template->lock < 0)
		return NULL;
	g_autofree char *path = g_build_filename(folder, "template.json", NULL);
	g_autoptr(JsonNode) node = json_load_file(path, RECORD_MAX_SIZE, error);
	if (!node)
		return NULL;
	if (parse(template, json_node_get_object(node), error))
		return g_steal_pointer(&template);
	g_prefix_error(error, "%s: ", path);
	return NULL;
}

bool template_store_record(const struct template *template, GError **error)
{
	JsonObject *root = json_object_new();
	json_object_set_int_member(root, "format", 1);
	json_object_set_string_member(root, "key", template->key);
	json_object_set_string_member(root, "created", template->created);
	json_object_set_string_member(root, "qemu", template->qemu_version);
	json_object_set_string_member(root, "accelerator", template->accelerator);
	json_object_set_int_member(root, "cold_boot_ms", template->cold_boot_s * 1000);
	json_object_set_member(root, "manifest", manifest_json(template->manifest));
	JsonArray *files = json_array_new();
	for (unsigned i = 0; i < template->n_files; i++) {
		const struct template_file *file = &template->files[i];
		g_autofree char *parent = g_path_get_dirname(file->path);
		g_autofree char *name = g_path_get_basename(file->path);
		JsonObject *object = json_object_new();
		json_object_set_string_member(object, "role", file->role);
		/* Its own files by name: the folder is renamed once it is complete. */
		json_object_set_string_member(
		    object, "path", strcmp(parent, template->folder) ? file->path : name);
		json_object_set_string_member(object, "sha256", file->sha256);
		json_array_add_object_element(files, object);
	}
	json_object_set_array_member(root, "files", files);
	g_autoptr(JsonNode) node = json_node_of(root);
	g_autofree char *path = g_build_filename(template->folder, "template.json", NULL);
	return json_store_file(path, node, 0444, error);
}

bool template_add_file(struct template *template, const char *role, const char *path,
    GCancellable *cancellable, GError **error)
{
	g_assert(template->n_files < TEMPLATE_MAX_FILES);
	char *sum = checksum_file(path, cancellable, error);
	if (!sum)
		return false;
	struct template_file *file = &template->files[template->n_files++];
	*file =
	    (struct template_file){.role = g_strdup(role), .path = g_strdup(path), .sha256 = sum};
	return true;
}

const char *template_path(const struct template *template, const char *role)
{
	for (unsigned i = 0; i < template->n_files; i++)
		if (!strcmp(template->files[i].role, role))
			return template->files[i].path;
	return NULL;
}

/* --- verification --- */

struct waiter {
	template_verified_fn done;
	void *data;
};

struct verification {
	unsigned n;
	char *paths[TEMPLATE_MAX_FILES], *sums[TEMPLATE_MAX_FILES];
	struct stat before[TEMPLATE_MAX_FILES];
};

static void verification_free(void *pointer)
{
	struct verification *verification = pointer;
	for (unsigned i = 0; i < verification->n; i++) {
		g_free(verification->paths[i]);
		g_free(verification->sums[i]);
	}
	g_free(verification);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static bool unchanged(const struct template *template)
{
	struct stat now;
	for (unsigned i = 0; i < template->n_files; i++)
		if (stat(template->files[i].path, &now) ||
		    !same_file(&now, &template->files[i].verified))
			return false;
	return true;
}

static void verify_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
	(void)source;
	struct verification *work = data;
	g_autoptr(GError) error = NULL;
	for (unsigned i = 0; i < work->n && !error; i++) {
		if (stat(work->paths[i], &work->before[i]))
			memset(&work->before[i], 0, sizeof(work->before[i]));
		g_autofree char *sum = checksum_file(work->paths[i], cancellable, &error);
		if (sum && strcmp(sum, work->sums[i]))
			g_set_error(&error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
			    "%s is not what was saved: its checksum differs", work->paths[i]);
	}
	if (error)
		g_task_return_error(task, g_steal_pointer(&error));
	else
		g_task_return_boolean(task, TRUE);
}

static void answer_waiters(struct template *template)
{
	g_autoptr(GPtrArray) waiters = g_steal_pointer(&template->waiters);
	g_autoptr(GError) error = NULL;
	if (template->state == TEMPLATE_DAMAGED)
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
		    "the template \"%s\" is damaged: %s. Build it again: qvmi template build "
		    "--force",
		    template->name, template->damage);
	for (unsigned i = 0; i < waiters->len; i++) {
		struct waiter *waiter = g_ptr_array_index(waiters, i);
		waiter->done(waiter->data, error);
	}
}

static void on_verified(GObject *source, GAsyncResult *result, void *data)
{
	(void)source;
	AUTO(template) template = data;
	struct verification *work = g_task_get_task_data(G_TASK(result));
	g_autoptr(GError) error = NULL;
	for (unsigned i = 0; i < work->n; i++)
		template->files[i].verified = work->before[i];
	if (g_task_propagate_boolean(G_TASK(result), &error)) {
		template->state = TEMPLATE_READY;
		g_clear_pointer(&template->damage, g_free);
	} else {
		template->state = TEMPLATE_DAMAGED;
		g_free(template->damage);
		template->damage = g_strdup(error->message);
	}
	answer_waiters(template);
}

static gboolean on_known(void *data)
{
	AUTO(template) template = data;
	answer_waiters(template);
	return G_SOURCE_REMOVE;
}

void template_verify(struct template *template, template_verified_fn done, void *data)
{
	struct waiter *waiter = g_new(struct waiter, 1);
	*waiter = (struct waiter){done, data};
	bool running = template->waiters != NULL;
	if (!running)
		template->waiters = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(template->waiters, waiter);
	if (running)
		return;
	if (template->state != TEMPLATE_UNVERIFIED && unchanged(template)) {
		g_idle_add_full(G_PRIORITY_DEFAULT, on_known, template_ref(template), NULL);
		return;
	}
	struct verification *work = g_new0(struct verification, 1);
	for (work->n = 0; work->n < template->n_files; work->n++) {
		work->paths[work->n] = g_strdup(template->files[work->n].path);
		work->sums[work->n] = g_strdup(template->files[work->n].sha256);
	}
	g_autoptr(GTask) task = g_task_new(NULL, NULL, on_verified, template_ref(template));
	g_task_set_task_data(task, work, verification_free);
	g_task_run_in_thread(task, verify_thread);
}

void template_loaded(struct template *template, bool loaded, const char *words)
{
	template->failures = loaded ? 0 : template->failures + 1;
	if (template->failures < TEMPLATE_MAX_FAILURES)
		return;
	template->state = TEMPLATE_DAMAGED;
	g_free(template->damage);
	template->damage = g_strdup_printf(
	    "%u clones in a row could not load its state (%s)", template->failures, words);
	g_warning("the template \"%s\" is quarantined: %s", template->name, template->damage);
}

void template_trust(struct template *template)
{
	for (unsigned i = 0; i < template->n_files; i++)
		if (stat(template->files[i].path, &template->files[i].verified))
			return; /* gone already: the first clone will find out */
	template->state = TEMPLATE_READY;
}

/* --- */

uint64_t template_size(const struct template *template)
{
	uint64_t bytes = 0;
	struct stat status;
	for (unsigned i = 0; i < template->n_files; i++)
		if (strcmp(template->files[i].role, "image") &&
		    !stat(template->files[i].path, &status))
			bytes += (uint64_t)status.st_blocks * 512;
	return bytes;
}

JsonNode *template_json(const struct template *template)
{
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "name", template->name);
	json_object_set_string_member(object, "key", template->key);
	json_object_set_string_member(
	    object, "state", template->state == TEMPLATE_DAMAGED ? "damaged" : "ready");
	json_object_set_boolean_member(object, "verified", template->state == TEMPLATE_READY);
	if (template->damage)
		json_object_set_string_member(object, "reason", template->damage);
	JsonObject *screen = json_object_new();
	json_object_set_int_member(screen, "width", template->manifest->width);
	json_object_set_int_member(screen, "height", template->manifest->height);
	json_object_set_object_member(object, "screen", screen);
	json_object_set_int_member(object, "memory_mib", template->manifest->memory_mib);
	json_object_set_int_member(object, "cpus", template->manifest->cpus);
	json_object_set_double_member(object, "cold_boot_s", template->cold_boot_s);
	json_object_set_int_member(object, "size_mib", template_size(template) >> 20);
	json_object_set_string_member(object, "created", template->created);
	json_object_set_string_member(object, "path", template->folder);
	json_object_set_int_member(object, "phones", template->users);
	return json_node_of(object);
}

bool template_delete(struct template *template, GError **error)
{
	/* Ours gives way, so that only another daemon's is left to forbid it. */
	fd_cleanup(&template->lock);
	template->lock = -1;
	AUTO_FD lock = folder_lock(template->folder, true, error);
	if (lock >= 0)
		return folder_delete(template->folder, error);
	template->lock = folder_lock(template->folder, false, NULL);
	return false;
}

char *template_key(const struct manifest *manifest, const char *qemu_version,
    const char *accelerator, const char *cpu)
{
	g_autoptr(JsonNode) node = manifest_json(manifest);
	g_autofree char *text = json_text(node);
	g_autoptr(GString) all = g_string_new(text);
	const char *files[] = {manifest->kernel, manifest->initrd, manifest->disk};
	/* Size and time stand for content: hashing gigabytes at each start would cost more than it
	 * tells. */
	for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
		struct stat status;
		if (files[i] && !stat(files[i], &status))
			g_string_append_printf(all, "|%lld %lld.%09ld", (long long)status.st_size,
			    (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
	}
	g_string_append_printf(
	    all, "|QEMU %s|%s|%s|%d", qemu_version, accelerator, cpu, MACHINE_VERSION);
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, all->str, all->len);
	sum[16] = 0;
	return g_steal_pointer(&sum);
}
