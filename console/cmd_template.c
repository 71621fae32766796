/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi template */
#include <errno.h>
#include <unistd.h>

#include "common/error.h"
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

/* A program of its own, beside this one: it reads what is hostile (qvisor/probe). */
static bool template_probe(struct cli *cli, GError **error)
{
	static const char *const passed[] = {
	    "output", "name", "memory-mib", "screen", "append", "boot"};
	g_autoptr(GPtrArray) line = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = g_path_get_dirname(self ? self : "/usr/local/bin/qvmi");
	g_ptr_array_add(line, g_build_filename(folder, "qvisor-probe", NULL));
	for (unsigned i = 0; i < G_N_ELEMENTS(passed); i++) {
		const char *value = cli_option(cli, passed[i]);
		if (value)
			g_ptr_array_add(line, g_strdup_printf("--%s=%s", passed[i], value));
	}
	if (cli_wants_json(cli))
		g_ptr_array_add(line, g_strdup("--json"));
	g_ptr_array_add(line, g_strdup("--"));
	for (unsigned i = 0; cli_argument(cli, i); i++)
		g_ptr_array_add(line, g_strdup(cli_argument(cli, i)));
	g_ptr_array_add(line, NULL);
	execv(g_ptr_array_index(line, 0), (char **)line->pdata);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "%s: %s",
	    (const char *)g_ptr_array_index(line, 0), g_strerror(errno));
	return false;
}

static const struct cli_option probe_options[] = {
    {"output", "FOLDER", "Write manifest.json there, and what it needs from inside the image"},
    {"name", "NAME", "The template's name (default: the system's)"},
    {"memory-mib", "N", "The phone's memory (default: what lets 16 fit on this host)"},
    {"screen", "WxH", "Its screen (default: 720x1440)"},
    {"append", "TEXT", "Add to the kernel's command line"},
    {"boot", "SECONDS",
        "Boot it once under trace: which driver took which device, what went nowhere"},
    {0},
};

static const struct cli_option build_options[] = {
    {"host", "ID", "Build there (default: the only host)"},
    {"force", NULL, "Build again what is there already"},
    {0},
};

const struct cli_verb template_verbs[] = {
    {"list", "", 0, 0, "Templates of all hosts.", NULL, template_list},
    {"probe", "IMAGE...", 1, 8,
        "What phone system an image is, how open, and the manifest of the machine it gets. IMAGE "
        "is a file or the folder "
        "of several. Nothing of it is mounted, or run without --boot.",
        probe_options, template_probe},
    {"build", "MANIFEST", 1, 1,
        "Boots the image that MANIFEST describes until it is ready, and keeps it to clone from.",
        build_options, template_build},
    {0},
};
