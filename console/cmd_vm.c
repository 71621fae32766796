/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi vm: phones */
#include "common/error.h"
#include "common/json.h"
#include "console/api.h"
#include "console/move.h"
#include "console/nouns.h"
#include "console/output.h"
#include "console/question.h"

static bool vm_list(struct cli *cli, GError **error)
{
	static const char *const filters[] = {"state", "host", "pool", "user"};
	static const struct output_column columns[] = {{"UUID", "uuid"}, {"NAME", "name"},
	    {"STATE", "state"}, {"USE", "use"}, {"POOL", "pool"}, {"USER", "user"},
	    {"HOST", "host"}, {"TEMPLATE", "template"}, {"CLONE MS", "clone_ms"},
	    {"CREATED", "created"}, {0}};
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(GString) path = g_string_new("/v1/phones?limit=1000");

	for (unsigned i = 0; i < G_N_ELEMENTS(filters); i++) {
		const char *value = cli_option(cli, filters[i]);
		g_autofree char *escaped = value ? g_uri_escape_string(value, NULL, FALSE) : NULL;
		if (value)
			g_string_append_printf(path, "&%s=%s", filters[i], escaped);
	}
	g_autoptr(JsonNode) node = pool ? api_call(pool, "GET", path->str, NULL, error) : NULL;
	if (node)
		output_list(cli, node, "phones", columns);
	return node != NULL;
}

static const struct output_column phone_columns[] = {{"uuid", "uuid"}, {"name", "name"},
    {"state", "state"}, {"use", "use"}, {"reason", "reason"}, {"user", "user"}, {"pool", "pool"},
    {"host", "host"}, {"template", "template"}, {"mac", "mac"}, {"width", "screen.width"},
    {"height", "screen.height"}, {"touch points", "touch_points"}, {"agent", "agent.ready"},
    {"clone ms", "clone_ms"}, {"processors", "cpus"}, {"memory MiB", "memory_mib"},
    {"next start", "next_start.memory_mib"}, {"next cpus", "next_start.cpus"}, {"process", "pid"},
    {"processor %", "performance.cpu_percent"}, {"private MB", "performance.private_mb"},
    {"shared MB", "performance.shared_mb"}, {"working set", "performance.working_set_mb"},
    {"load inside", "performance.guest.load1"},
    {"free MB inside", "performance.guest.memory_available_mb"},
    {"disk MB inside", "performance.guest.disk_used_mb"},
    {"received B", "performance.guest.received_bytes"}, {"sent B", "performance.guest.sent_bytes"},
    {"created", "created"}, {0}};

/* What its QEMU uses belongs to it while it runs; without an answer it is left out. */
static void add_performance(struct http_client *pool, const char *path, JsonObject *phone)
{
	g_autofree char *performance_path = g_strconcat(path, "/performance", NULL);
	g_autoptr(GError) error = NULL;

	if (g_strcmp0(api_string(phone, "state"), "running"))
		return;
	JsonNode *used = api_call(pool, "GET", performance_path, NULL, &error);
	if (used)
		json_object_set_member(phone, "performance", used);
}

static bool vm_show(struct cli *cli, GError **error)
{
	g_autofree char *path = http_path("/v1/phones/%s", cli_argument(cli, 0));
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(JsonNode) node = pool ? api_call(pool, "GET", path, NULL, error) : NULL;

	if (node) {
		add_performance(pool, path, json_node_get_object(node));
		output_object(cli, node, phone_columns);
	}
	return node != NULL;
}

static bool vm_create(struct cli *cli, GError **error)
{
	static const char *const members[] = {"pool", "template", "host", "name"};
	struct http_client *pool = cli_pool(cli, error);
	JsonObject *order = json_object_new();

	for (unsigned i = 0; i < G_N_ELEMENTS(members); i++)
		if (cli_option(cli, members[i]))
			json_object_set_string_member(
			    order, members[i], cli_option(cli, members[i]));
	if (!pool || (!cli_option(cli, "pool") && !cli_option(cli, "template"))) {
		json_object_unref(order);
		if (pool)
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "say of what: --pool NAME or --template NAME");
		return false;
	}
	g_autoptr(JsonNode) node = api_call(pool, "POST", "/v1/phones", order, error);
	if (node)
		output_done(cli, node, "%s", api_string(json_node_get_object(node), "uuid"));
	return node != NULL;
}

/* The same for each phone that is named, with an option that the body has, too, as `flag`; goes on
 * after an error and ends with the first one. */
static bool each(struct cli *cli, const char *method, const char *ending, const char *flag,
    const char *done, GError **error)
{
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(GError) first = NULL;

	for (unsigned i = 0; pool && cli_argument(cli, i); i++) {
		const char *uuid = cli_argument(cli, i);
		g_autofree char *base = http_path("/v1/phones/%s", uuid);
		g_autofree char *path = g_strconcat(base, ending, NULL);
		g_autoptr(GError) wrong = NULL;
		JsonObject *body = NULL;
		if (flag) {
			body = json_object_new();
			json_object_set_boolean_member(body, flag, cli_option(cli, flag) != NULL);
		}
		g_autoptr(JsonNode) node = api_call(pool, method, path, body, &wrong);
		if (node)
			output_done(cli, node, "%s %s", uuid, done);
		else if (!first)
			first = g_steal_pointer(&wrong);
		else
			g_warning("%s: %s", uuid, wrong->message);
	}
	if (first)
		g_propagate_error(error, g_steal_pointer(&first));
	return pool && !*error;
}

static bool vm_start(struct cli *cli, GError **error)
{
	return each(cli, "POST", "/start", "discard", "is started", error);
}

static bool vm_stop(struct cli *cli, GError **error)
{
	return each(cli, "POST", "/stop", "force", "is stopped", error);
}

static bool vm_suspend(struct cli *cli, GError **error)
{
	return each(cli, "POST", "/suspend", NULL, "is suspended", error);
}

static bool vm_migrate(struct cli *cli, GError **error)
{
	struct http_client *pool = cli_pool(cli, error);
	const char *uuid = cli_argument(cli, 0);
	g_autoptr(JsonNode) node =
	    pool ? move_phone(pool, uuid, cli_option(cli, "to"), cli_cancellable(cli), error)
	         : NULL;
	JsonObject *move = node ? json_node_get_object(node) : NULL;
	JsonObject *result = move ? json_get_optional_object(move, "result", NULL) : NULL;
	gint64 downtime_ms = 0;

	if (result)
		json_get_optional_int(result, "downtime_ms", 0, G_MAXINT, 0, &downtime_ms, NULL);
	if (move)
		output_done(cli, node,
		    "%s is on host %s; it stood still for %" G_GINT64_FORMAT " ms", uuid,
		    api_string(move, "to"), downtime_ms);
	return node != NULL;
}

static bool vm_take_back(struct cli *cli, GError **error)
{
	const char *uuid = cli_argument(cli, 0), *lost = cli_option(cli, "lost");
	g_autofree char *path = http_path("/v1/phones/%s/take-back", uuid);
	struct http_client *pool = cli_pool(cli, error);
	JsonObject *body;

	if (pool && !lost)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "say which host is gone for good: --lost ID");
	if (!pool || !lost)
		return false;
	g_autofree char *what = g_strdup_printf(
	    "Phone %s was handed over to host %s. It goes on where it was before; should %s come "
	    "back with it, there are two, with one user's files.",
	    uuid, lost, lost);
	if (!question_confirm(cli, what, lost, error))
		return false;
	body = json_object_new();
	json_object_set_string_member(body, "lost", lost);
	g_autoptr(JsonNode) node = api_call(pool, "POST", path, body, error);
	if (node)
		output_done(cli, node, "%s is taken back", uuid);
	return node != NULL;
}

static const struct cli_option take_back_options[] = {
    {"lost", "ID", "The host that it was handed over to, and that is gone for good"},
    QUESTION_OPTION,
    {0},
};

static bool vm_wipe(struct cli *cli, GError **error)
{
	return each(cli, "POST", "/wipe", NULL, "is wiped and off", error);
}

static bool vm_reset(struct cli *cli, GError **error)
{
	return each(cli, "POST", "/reset", "upgrade", "is as its template", error);
}

static bool vm_destroy(struct cli *cli, GError **error)
{
	return each(cli, "DELETE", cli_option(cli, "force") ? "?force=true" : "", NULL,
	    "is destroyed", error);
}

/* What it has now, and what it has to boot for. */
static void set_done(struct cli *cli, JsonNode *node)
{
	JsonObject *phone = json_node_get_object(node);
	JsonObject *next = json_get_optional_object(phone, "next_start", NULL);
	g_autofree char *later =
	    next ? g_strdup_printf("; at the next start %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT,
	               json_object_get_int_member_with_default(next, "cpus", 0),
	               json_object_get_int_member_with_default(next, "memory_mib", 0))
	         : g_strdup("");
	output_done(cli, node,
	    "%s has %" G_GINT64_FORMAT " processors and %" G_GINT64_FORMAT " MiB now%s",
	    cli_argument(cli, 0), json_object_get_int_member_with_default(phone, "cpus", 0),
	    json_object_get_int_member_with_default(phone, "memory_mib", 0), later);
}

static bool vm_set(struct cli *cli, GError **error)
{
	g_autofree char *path = http_path("/v1/phones/%s", cli_argument(cli, 0));
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(JsonObject) change = json_object_new();
	long cpus, memory_mib;

	if (!pool || !cli_option_int(cli, "cpus", 1, 1024, 0, &cpus, error) ||
	    !cli_option_int(cli, "memory", 64, G_MAXINT, 0, &memory_mib, error))
		return false;
	if (cpus)
		json_object_set_int_member(change, "cpus", cpus);
	if (memory_mib)
		json_object_set_int_member(change, "memory_mib", memory_mib);
	if (!cpus && !memory_mib) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "say what to change: --cpus N, --memory MIB or both");
		return false;
	}
	g_autoptr(JsonNode) node = api_call(pool, "PATCH", path, json_object_ref(change), error);
	if (node)
		set_done(cli, node);
	return node != NULL;
}

static const struct cli_option set_options[] = {
    {"cpus", "N", "Processors"},
    {"memory", "MIB", "Memory"},
    {0},
};

static const struct cli_option list_options[] = {
    {"state", "STATE", "Only those: running, off, all ..."},
    {"host", "ID", "Only those of this host"},
    {"pool", "NAME", "Only those of this pool"},
    {"user", "NAME", "Only those that this user holds"},
    {0},
};
static const struct cli_option create_options[] = {
    {"pool", "NAME", "In this pool"},
    {"template", "NAME", "Of this template, in no pool"},
    {"host", "ID", "On this host"},
    {"name", "NAME", "Its name"},
    {0},
};
static const struct cli_option destroy_options[] = {
    {"force", NULL, "Also a phone that somebody holds: its lease ends"},
    {0},
};
static const struct cli_option start_options[] = {
    {"discard", NULL, "Not as they were suspended, which is lost, but afresh"},
    {0},
};
static const struct cli_option migrate_options[] = {
    {"to", "HOST", "To this one, not to the one with the most memory free"},
    {0},
};
static const struct cli_option stop_options[] = {
    {"force", NULL, "Cut the power instead of asking"},
    {0},
};

static const struct cli_option reset_options[] = {
    {"upgrade", NULL, "To the newest template of the same name"},
    {0},
};

const struct cli_verb vm_verbs[] = {
    {"list", "", 0, 0, "Phones.", list_options, vm_list},
    {"show", "UUID", 1, 1, "Everything about a phone.", NULL, vm_show},
    {"create", "", 0, 0, "Clones a phone and prints its UUID.", create_options, vm_create},
    {"start", "UUID...", 1, 16, "Starts phones; resumes those that are suspended.", start_options,
        vm_start},
    {"suspend", "UUID...", 1, 16, "Suspends phones to disk in the state in which they are.", NULL,
        vm_suspend},
    {"migrate", "UUID", 1, 1, "Moves a phone to another host, while it runs.", migrate_options,
        vm_migrate},
    {"take-back", "UUID", 1, 1, "A phone that was on its way to a host that is gone.",
        take_back_options, vm_take_back},
    {"stop", "UUID...", 1, 16, "Stops phones; their disks stay.", stop_options, vm_stop},
    {"set", "UUID", 1, 1, "Changes a phone's processors and memory, from its next boot on.",
        set_options, vm_set},
    {"reset", "UUID...", 1, 16, "Takes phones back to their template; their disks are lost.",
        reset_options, vm_reset},
    {"wipe", "UUID...", 1, 16, "Destroys all that a user left in phones, beginning with the key.",
        NULL, vm_wipe},
    {"destroy", "UUID...", 1, 16, "Destroys phones and their disks.", destroy_options, vm_destroy},
    {0},
};
