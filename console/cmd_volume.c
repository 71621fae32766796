/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi volume: what users keep, whatever becomes of their phones */
#include "common/error.h"
#include "common/json.h"
#include "console/api.h"
#include "console/nouns.h"
#include "console/output.h"

static const struct output_column columns[] = {{"ID", "id"}, {"USER", "user"}, {"POOL", "pool"},
    {"SLOT", "slot"}, {"HOST", "host"}, {"PHONE", "phone"}, {"CREATED", "created"}, {0}};

static bool volume_list(struct cli *cli, GError **error)
{
	const char *user = cli_option(cli, "user");
	g_autofree char *path =
	    user ? http_path("/v1/volumes?user=%s", user) : g_strdup("/v1/volumes");
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(JsonNode) node = pool ? api_call(pool, "GET", path, NULL, error) : NULL;

	if (node)
		output_list(cli, node, "volumes", columns);
	return node != NULL;
}

static bool volume_show(struct cli *cli, GError **error)
{
	g_autofree char *path = http_path("/v1/volumes/%s", cli_argument(cli, 0));
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(JsonNode) node = pool ? api_call(pool, "GET", path, NULL, error) : NULL;

	if (node)
		output_object(cli, node, columns);
	return node != NULL;
}

static bool volume_delete(struct cli *cli, GError **error)
{
	g_autofree char *path = http_path("/v1/volumes/%s", cli_argument(cli, 0));
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(JsonNode) node = pool ? api_call(pool, "DELETE", path, NULL, error) : NULL;

	if (node)
		output_done(cli, node, "volume %s is destroyed", cli_argument(cli, 0));
	return node != NULL;
}

static const struct cli_option list_options[] = {
    {"user", "NAME", "Only those of this user"},
    {0},
};

const struct cli_verb volume_verbs[] = {
    {"list", "", 0, 0, "Users' volumes: their files and settings, in every phone they get.",
        list_options, volume_list},
    {"show", "ID", 1, 1, "Everything about a volume.", NULL, volume_show},
    {"delete", "ID", 1, 1, "Destroys what a user has kept, beginning with the key.", NULL,
        volume_delete},
    {0},
};
