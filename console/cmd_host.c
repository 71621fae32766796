/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi status, qvmi host, qvmi pool: what there is. */
#include "common/error.h"
#include "common/json.h"
#include "console/api.h"
#include "console/move.h"
#include "console/nouns.h"
#include "console/output.h"
#include "console/question.h"

static bool list(struct cli *cli, const char *path, const char *member,
    const struct output_column *columns, GError **error)
{
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(JsonNode) node = pool ? api_call(pool, "GET", path, NULL, error) : NULL;

	if (node)
		output_list(cli, node, member, columns);
	return node != NULL;
}

static bool status(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {{"HOST", "id"}, {"STATE", "state"},
	    {"ACCELERATOR", "info.accelerator.name"}, {"CPUS", "info.cpus"},
	    {"FREE MIB", "info.memory_free_mib"}, {"RUNNING", "info.phones.running"},
	    {"PHONES", "info.phones.total"}, {0}};
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(JsonNode) whole = pool ? api_call(pool, "GET", "/v1/status", NULL, error) : NULL;
	g_autoptr(JsonNode) hosts = whole ? api_call(pool, "GET", "/v1/hosts", NULL, error) : NULL;

	if (!hosts)
		return false;
	if (cli_wants_json(cli)) {
		JsonObject *object = json_node_get_object(whole);
		json_object_set_array_member(
		    object, "hosts", json_array_ref(api_list(hosts, "hosts")));
		output_object(cli, whole, columns);
		return true;
	}
	output_list(cli, hosts, "hosts", columns);
	g_print("\n");
	return list(cli, "/v1/pools", "pools",
	    (const struct output_column[]){{"POOL", "name"}, {"TEMPLATE", "template"},
	        {"READY", "ready_now"}, {"WANTED", "ready"}, {"LEASED", "leased"},
	        {"CREATING", "creating"}, {"MAX", "max"}, {0}},
	    error);
}

static bool host_list(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {{"ID", "id"}, {"STATE", "state"},
	    {"DUTY", "duty"}, {"ACCELERATOR", "info.accelerator.name"},
	    {"WHY", "info.accelerator.reason"}, {"QEMU", "info.qemu.version"},
	    {"CPUS", "info.cpus"}, {"MEMORY MIB", "info.memory_mib"},
	    {"FREE MIB", "info.memory_free_mib"}, {"RUNNING", "info.phones.running"},
	    {"URL", "url"}, {0}};
	return list(cli, "/v1/hosts", "hosts", columns, error);
}

static bool set_duty(struct cli *cli, const char *duty, const char *what, GError **error)
{
	g_autofree char *path = http_path("/v1/hosts/%s", cli_argument(cli, 0));
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(JsonObject) change = json_object_new();

	json_object_set_string_member(change, "duty", duty);
	g_autoptr(JsonNode) node =
	    pool ? api_call(pool, "PATCH", path, json_object_ref(change), error) : NULL;
	if (node)
		output_done(cli, node, "host %s %s", cli_argument(cli, 0), what);
	return node != NULL;
}

static bool host_drain(struct cli *cli, GError **error)
{
	struct http_client *pool = cli_pool(cli, error);
	unsigned moved;

	if (!pool ||
	    !set_duty(cli, "draining",
	        cli_option(cli, "migrate")
	            ? "takes no new phones; those on it move away"
	            : "takes no new phones; those in use stay (qvmi vm list --host tells how many)",
	        error))
		return false;
	if (!cli_option(cli, "migrate"))
		return true;
	bool all = move_all(pool, cli_argument(cli, 0), cli_cancellable(cli), &moved, error);
	if (!cli_wants_json(cli))
		output_done(cli, NULL, "%u phones have moved", moved);
	return all;
}

static const struct cli_option host_drain_options[] = {
    {"migrate", NULL, "And move all phones to other hosts, one after the other"},
    {0},
};

static bool host_maintain(struct cli *cli, GError **error)
{
	return set_duty(cli, "maintenance",
	    "is being emptied; switch it off when qvmi status shows none running", error);
}

static bool host_activate(struct cli *cli, GError **error)
{
	return set_duty(cli, "active", "takes phones", error);
}

static unsigned count(struct http_client *pool, const char *path, const char *member,
    const char *host, GError **error)
{
	g_autoptr(GPtrArray) pages = api_pages(pool, path, error);
	unsigned n = 0;

	for (unsigned i = 0; pages && i < pages->len; i++) {
		JsonArray *list = api_list(pages->pdata[i], member);
		for (unsigned k = 0; k < json_array_get_length(list); k++)
			n += g_str_equal(
			    api_string(json_array_get_object_element(list, k), "host"), host);
	}
	return n;
}

/* What is given up with it. */
static bool confirm_remove(struct cli *cli, struct http_client *pool, GError **error)
{
	const char *id = cli_argument(cli, 0);
	g_autofree char *host = http_path("/v1/hosts/%s", id);
	g_autofree char *phones_path = http_path("/v1/phones?host=%s", id);
	g_autoptr(GError) wrong = NULL;
	g_autoptr(JsonNode) node = api_call(pool, "GET", host, NULL, &wrong);
	unsigned phones = wrong ? 0 : count(pool, phones_path, "phones", id, &wrong);
	unsigned volumes = wrong ? 0 : count(pool, "/v1/volumes", "volumes", id, &wrong);

	if (wrong) {
		g_propagate_error(error, g_steal_pointer(&wrong));
		return false;
	}
	g_autofree char *what = g_strdup_printf(
	    "Host %s is %s. With it %u phones and %u users' volumes are given up: leases end, and "
	    "their users get new phones and empty volumes elsewhere.",
	    id, api_string(json_node_get_object(node), "state"), phones, volumes);
	return question_confirm(cli, what, id, error);
}

static bool host_remove(struct cli *cli, GError **error)
{
	g_autofree char *path = http_path("/v1/hosts/%s", cli_argument(cli, 0));
	g_autofree char *forced = g_strconcat(path, "?force=true", NULL);
	bool force = cli_option(cli, "force");
	struct http_client *pool = cli_pool(cli, error);

	if (!pool || (force && !confirm_remove(cli, pool, error)))
		return false;
	g_autoptr(JsonNode) node = api_call(pool, "DELETE", force ? forced : path, NULL, error);
	if (node)
		output_done(cli, node, "host %s is forgotten", cli_argument(cli, 0));
	return node != NULL;
}

static const struct cli_option host_remove_options[] = {
    {"force", NULL,
        "Also with phones and users' volumes on it, which are given up: for one that is gone for "
        "good"},
    QUESTION_OPTION,
    {0},
};

static const struct output_column host_columns[] = {{"id", "id"}, {"state", "state"},
    {"url", "url"}, {"accelerator", "info.accelerator.name"}, {"why", "info.accelerator.reason"},
    {"qemu", "info.qemu.version"}, {"network", "info.network"}, {"jail", "info.jail.launcher"},
    {"jail without", "info.jail.without"}, {"processors", "info.cpus"},
    {"busy %", "performance.cpu_percent"}, {"load", "performance.load1"},
    {"memory MiB", "performance.memory_mib"}, {"free MiB", "performance.memory_free_mib"},
    {"disk free MiB", "performance.disk_free_mib"}, {"phones", "info.phones.total"},
    {"running", "performance.phones.running"}, {"private MB", "performance.phones.private_mb"},
    {"shared MB", "performance.phones.shared_mb"}, {"together MB", "performance.phones.pss_mb"},
    {0}};

/* What each phone has of its own, and what it shares with others. */
static const struct output_column memory_columns[] = {{"PHONE", "uuid"}, {"NAME", "name"},
    {"PRIVATE MB", "private_mb"}, {"SHARED MB", "shared_mb"}, {"PROPORTIONAL MB", "pss_mb"}, {0}};

static bool host_show(struct cli *cli, GError **error)
{
	g_autofree char *path = http_path("/v1/hosts/%s", cli_argument(cli, 0));
	g_autofree char *performance_path = g_strconcat(path, "/performance", NULL);
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(JsonNode) node = pool ? api_call(pool, "GET", path, NULL, error) : NULL;
	g_autoptr(JsonNode) used =
	    node ? api_call(pool, "GET", performance_path, NULL, error) : NULL;

	if (!used)
		return false;
	json_object_set_member(json_node_get_object(node), "performance", json_node_copy(used));
	output_object(cli, node, host_columns);
	JsonObject *phones = json_get_optional_object(json_node_get_object(used), "phones", NULL);
	if (cli_wants_json(cli) || !phones)
		return true;
	g_autoptr(JsonNode) each = json_node_of(json_object_ref(phones));
	g_print("\n");
	output_list(cli, each, "each", memory_columns);
	return true;
}

static bool pool_list(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {{"NAME", "name"}, {"TEMPLATE", "template"},
	    {"READY", "ready_now"}, {"WANTED", "ready"}, {"MAX", "max"}, {"LEASED", "leased"},
	    {"CREATING", "creating"}, {"VOLATILE", "volatile"}, {"VOLUMES", "volumes"},
	    {"NETWORK", "network"}, {"RULE", "rule"}, {0}};
	return list(cli, "/v1/pools", "pools", columns, error);
}

static bool set_number(struct cli *cli, JsonObject *object, const char *name, GError **error)
{
	long value;

	if (!cli_option_int(cli, name, 0, 100000, 0, &value, error))
		return false;
	if (cli_option(cli, name))
		json_object_set_int_member(object, name, value);
	return true;
}

static bool set_flag(struct cli *cli, JsonObject *object, const char *name, GError **error)
{
	const char *value = cli_option(cli, name);

	if (value && !g_str_equal(value, "yes") && !g_str_equal(value, "no")) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "--%s is yes or no", name);
		return false;
	}
	if (value)
		json_object_set_boolean_member(object, name, g_str_equal(value, "yes"));
	return true;
}

static bool pool_set(struct cli *cli, GError **error)
{
	g_autoptr(JsonObject) change = json_object_new();
	const char *template = cli_option(cli, "template"), *rule = cli_option(cli, "rule");
	const char *name = cli_argument(cli, 0), *network = cli_option(cli, "network");
	g_autofree char *path = http_path("/v1/pools/%s", name);
	struct http_client *pool = cli_pool(cli, error);
	g_autoptr(GError) wrong = NULL;

	if (!pool || !set_number(cli, change, "ready", error) ||
	    !set_number(cli, change, "max", error) || !set_flag(cli, change, "volatile", error) ||
	    !set_flag(cli, change, "volumes", error))
		return false;
	if (rule)
		json_object_set_string_member(change, "rule", rule);
	if (template)
		json_object_set_string_member(change, "template", template);
	if (network && g_str_equal(network, "default"))
		json_object_set_null_member(change, "network");
	else if (network)
		json_object_set_string_member(change, "network", network);
	g_autoptr(JsonNode) node = api_call(pool, "PATCH", path, json_object_ref(change), &wrong);
	/* One that is not there is made, when it is said of what. */
	if (!node && template && g_error_matches(wrong, QVMI_ERROR, QVMI_ERROR_NOT_FOUND)) {
		json_object_set_string_member(change, "name", name);
		node = api_call(pool, "POST", "/v1/pools", json_object_ref(change), error);
	} else if (!node) {
		g_propagate_error(error, g_steal_pointer(&wrong));
	}
	if (node)
		output_done(cli, node, "pool %s is set", name);
	return node != NULL;
}

static const struct cli_option pool_set_options[] = {
    {"ready", "N", "Clones that are kept ready"},
    {"max", "N", "Phones at most"},
    {"template", "NAME", "Of which they are cloned; makes the pool when there is none"},
    {"volatile", "yes|no", "Phones end with their lease"},
    {"network", "LIST",
        "What its phones reach: none, internet, names of networks; default: as their host says"},
    {"volumes", "yes|no", "Each user has a volume of their own in it"},
    {"rule", "NAME", "Rule that decides"},
    {0},
};

const struct cli_verb status_verbs[] = {
    {NULL, "", 0, 0, "Hosts, pools and phones at a glance.", NULL, status},
    {0},
};
const struct cli_verb host_verbs[] = {
    {"list", "", 0, 0, "Machines that run phones.", NULL, host_list},
    {"show", "ID", 1, 1, "Everything about a host, and what each phone there has of its memory.",
        NULL, host_show},
    {"drain", "ID", 1, 1, "No new phones on this host; those in use stay, or move away.",
        host_drain_options, host_drain},
    {"maintain", "ID", 1, 1, "No phones on this host: those in use are suspended.", NULL,
        host_maintain},
    {"activate", "ID", 1, 1, "Phones on this host again.", NULL, host_activate},
    {"remove", "ID", 1, 1, "Forgets a host.", host_remove_options, host_remove},
    {0},
};
const struct cli_verb pool_verbs[] = {
    {"list", "", 0, 0, "Pools of phones.", NULL, pool_list},
    {"set", "NAME", 1, 1, "Changes a pool.", pool_set_options, pool_set},
    {0},
};
