/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi snapshot: phones as they were */
#include "common/error.h"
#include "common/json.h"
#include "console/api.h"
#include "console/nouns.h"
#include "console/output.h"

static bool snapshot_list(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {{"NAME", "name"}, {"CREATED", "created"},
	    {"MEMORY MIB", "memory_mib"}, {"SIZE MIB", "size_mib"}, {"VOLUME", "volume"}, {0}};
	g_autofree char *path = http_path("/v1/phones/%s/snapshots", cli_argument(cli, 0));
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(JsonNode) node = pool ? api_call(pool, "GET", path, NULL, error) : NULL;

	if (node)
		output_list(cli, node, "snapshots", columns);
	return node != NULL;
}

static bool snapshot_take(struct cli *cli, GError **error)
{
	g_autofree char *path = http_path("/v1/phones/%s/snapshots", cli_argument(cli, 0));
	struct http_client *pool = cli_pool(cli, error);
	JsonObject *body = json_object_new();

	json_object_set_string_member(body, "name", cli_argument(cli, 1));
	if (!pool) {
		json_object_unref(body);
		return false;
	}
	g_autoptr(JsonNode) node = api_call(pool, "POST", path, body, error);
	if (node)
		output_done(
		    cli, node, "%s: snapshot %s", cli_argument(cli, 0), cli_argument(cli, 1));
	return node != NULL;
}

/* `body` is taken; NULL: none. */
static bool on_one(struct cli *cli, const char *method, const char *ending, JsonObject *body,
    const char *done, GError **error)
{
	g_autofree char *base =
	    http_path("/v1/phones/%s/snapshots/%s", cli_argument(cli, 0), cli_argument(cli, 1));
	g_autofree char *path = g_strconcat(base, ending, NULL);
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(JsonNode) node = NULL;

	if (pool)
		node = api_call(pool, method, path, body, error);
	else
		g_clear_pointer(&body, json_object_unref);
	if (node)
		output_done(
		    cli, node, "%s %s %s", cli_argument(cli, 0), done, cli_argument(cli, 1));
	return node != NULL;
}

static bool snapshot_restore(struct cli *cli, GError **error)
{
	const char *files = cli_option(cli, "files");
	JsonObject *body = files ? json_object_new() : NULL;

	if (body)
		json_object_set_string_member(body, "files", files);
	return on_one(cli, "POST", "/restore", body, "is as it was at", error);
}

static bool snapshot_delete(struct cli *cli, GError **error)
{
	return on_one(cli, "DELETE", "", NULL, "is without its snapshot", error);
}

static const struct cli_option restore_options[] = {
    {"files", "back|keep",
        "of one with its user's volume: the user's files as they were then, or as they are (the "
        "phone boots then)"},
    {0},
};

const struct cli_verb snapshot_verbs[] = {
    {"list", "UUID", 1, 1, "Snapshots of a phone.", NULL, snapshot_list},
    {"take", "UUID NAME", 2, 2,
        "Keeps a running phone's memory, disk and mounted volume as they are.", NULL,
        snapshot_take},
    {"restore", "UUID NAME", 2, 2, "Makes a phone what it was; what it is now is lost.",
        restore_options, snapshot_restore},
    {"delete", "UUID NAME", 2, 2, "Deletes a snapshot.", NULL, snapshot_delete},
    {0},
};
