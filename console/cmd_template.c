/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi template */
#include "common/json.h"
#include "console/api.h"
#include "console/nouns.h"
#include "console/output.h"

static bool template_list(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {{"NAME", "name"}, {"STATE", "state"},
	    {"HOST", "host"}, {"SCREEN", "screen.width"}, {"", "screen.height"},
	    {"MEMORY MIB", "memory_mib"}, {"CPUS", "cpus"}, {"COLD BOOT S", "cold_boot_s"},
	    {"SIZE MIB", "size_mib"}, {"CREATED", "created"}, {0}};
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(JsonNode) node =
	    pool ? api_call(pool, "GET", "/v1/templates", NULL, error) : NULL;

	if (node)
		output_list(cli, node, "templates", columns);
	return node != NULL;
}

static bool template_build(struct cli *cli, GError **error)
{
	g_autofree char *manifest = g_canonicalize_filename(cli_argument(cli, 0), NULL);
	const char *host = cli_option(cli, "host");
	struct http_client *pool = cli_pool(cli, error);
	JsonObject *order = json_object_new();

	json_object_set_string_member(order, "manifest", manifest);
	if (host)
		json_object_set_string_member(order, "host", host);
	if (cli_option(cli, "force"))
		json_object_set_boolean_member(order, "force", TRUE);
	if (!pool) {
		json_object_unref(order);
		return false;
	}
	g_autoptr(JsonNode) operation = api_call(pool, "POST", "/v1/templates", order, error);
	if (!operation)
		return false;
	g_autoptr(JsonNode) result =
	    api_follow(pool, api_string(json_node_get_object(operation), "id"), "template",
	        cli_cancellable(cli), error);
	if (result)
		output_done(cli, result, "template %s is ready",
		    api_string(json_node_get_object(result), "name"));
	return result != NULL;
}

static const struct cli_option build_options[] = {
    {"host", "ID", "Build there (default: the only host)"},
    {"force", NULL, "Build again what is there already"},
    {0},
};

const struct cli_verb template_verbs[] = {
    {"list", "", 0, 0, "Templates of all hosts.", NULL, template_list},
    {"build", "MANIFEST", 1, 1,
        "Boots the image that MANIFEST describes until it is ready, and keeps it to clone from.",
        build_options, template_build},
    {0},
};
