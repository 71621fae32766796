/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/token_store.h"

#include <unistd.h>

#include "common/file.h"
#include "common/json.h"

#define FILE_MAX 65536

static char *file_of(const char *server)
{
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, server, -1);
	g_autofree char *name = g_strdup_printf("%.16s.json", hash);
	return g_build_filename(g_get_user_config_dir(), "qvmi", "login", name, NULL);
}

char *token_store_load(const char *server, char **ca_file)
{
	g_autofree char *file = file_of(server);
	g_autoptr(JsonNode) node = json_load_file(file, FILE_MAX, NULL);
	JsonObject *object = node ? json_node_get_object(node) : NULL;

	*ca_file = NULL;
	if (!object)
		return NULL;
	*ca_file = g_strdup(json_get_optional_string(object, "ca_file", 4096, NULL));
	return g_strdup(json_get_optional_string(object, "token", 4096, NULL));
}

bool token_store_save(const char *server, const char *token, const char *ca_file, GError **error)
{
	g_autofree char *file = file_of(server);
	g_autofree char *folder = g_path_get_dirname(file);
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "server", server);
	json_object_set_string_member(object, "token", token);
	if (ca_file) {
		g_autofree char *path = g_canonicalize_filename(ca_file, NULL);
		json_object_set_string_member(object, "ca_file", path);
	}
	g_autoptr(JsonNode) node = json_node_of(object);
	return file_make_folder(folder, error) && json_store_file(file, node, 0600, error);
}

void token_store_remove(const char *server)
{
	g_autofree char *file = file_of(server);
	unlink(file);
}
