/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/grant_key_file.h"

#include <gio/gio.h>

struct grant_key_file {
	char *path;
	bool private_key;
	struct grant_key *key;
	GFileMonitor *monitor;
};

static void on_changed(GFileMonitor *monitor, GFile *path, GFile *other, GFileMonitorEvent event,
    struct grant_key_file *file)
{
	(void)monitor, (void)path, (void)other, (void)event;
	g_autoptr(GError) error = NULL;
	struct grant_key *key = grant_key_load(file->path, file->private_key, &error);
	if (!key) {
		g_warning("the grant keys stay as they were: %s", error->message);
		return;
	}
	bool same = grant_key_count(key) == grant_key_count(file->key) &&
	            g_str_equal(grant_key_id(key, 0), grant_key_id(file->key, 0));
	grant_key_free(file->key);
	file->key = key;
	if (!same)
		g_message(
		    "grant keys: %u, the first is %s", grant_key_count(key), grant_key_id(key, 0));
}

struct grant_key_file *grant_key_file_new(const char *path, bool private_key, GError **error)
{
	AUTO(grant_key_file) file = g_new0(struct grant_key_file, 1);
	g_autoptr(GFile) watched = g_file_new_for_path(path);

	file->path = g_strdup(path);
	file->private_key = private_key;
	/* Watched before it is read: no change falls between. */
	file->monitor = g_file_monitor_file(watched, G_FILE_MONITOR_WATCH_MOVES, NULL, error);
	if (!file->monitor || !(file->key = grant_key_load(path, private_key, error)))
		return NULL;
	g_signal_connect(file->monitor, "changed", G_CALLBACK(on_changed), file);
	return g_steal_pointer(&file);
}

void grant_key_file_free(struct grant_key_file *file)
{
	if (!file)
		return;
	if (file->monitor) {
		g_file_monitor_cancel(file->monitor);
		g_signal_handlers_disconnect_by_data(file->monitor, file);
		g_object_unref(file->monitor);
	}
	grant_key_free(file->key);
	g_free(file->path);
	g_free(file);
}

const struct grant_key *grant_key_file_key(const struct grant_key_file *file)
{
	return file->key;
}
