/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi package */
#include "common/error.h"
#include "common/json.h"
#include "console/api.h"
#include "console/nouns.h"
#include "console/output.h"

static bool list(struct cli *cli, const char *path, const char *member,
    const struct output_column *columns, GError **error)
{
	struct http_client *broker = cli_broker(cli, error);
	g_autoptr(JsonNode) node = broker ? api_call(broker, "GET", path, NULL, error) : NULL;

	if (node)
		output_list(cli, node, member, columns);
	return node != NULL;
}

static bool package_list(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {{"ID", "id"}, {"NAME", "name"},
	    {"KIND", "kind"}, {"POOL", "pool"}, {"APPLICATION", "application"}, {"USERS", "users"},
	    {"GROUPS", "groups"}, {"UNITS", "units"}, {"ORGANISATIONS", "organisations"},
	    {"PLANS", "plans"}, {0}};
	return list(cli, "/v1/packages?all=1", "packages", columns, error);
}

/* Who gets or loses a package: USER or one of the options. */
struct receiver {
	const char *kind, *name;
};

static bool read_receiver(struct cli *cli, struct receiver *receiver, GError **error)
{
	const struct receiver given[] = {{"user", cli_argument(cli, 1)},
	    {"group", cli_option(cli, "group")}, {"unit", cli_option(cli, "unit")},
	    {"organisation", cli_option(cli, "organisation")}, {"plan", cli_option(cli, "plan")}};
	unsigned n = 0;

	for (unsigned i = 0; i < G_N_ELEMENTS(given); i++)
		if (given[i].name) {
			*receiver = given[i];
			n++;
		}
	if (n != 1)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "give one of USER, --group NAME, --unit PATH, --organisation DOMAIN and --plan "
		    "NAME");
	return n == 1;
}

static bool package_grant(struct cli *cli, GError **error)
{
	const char *id = cli_argument(cli, 0);
	struct receiver to;
	g_autofree char *path = http_path("/v1/packages/%s/grants", id);
	struct http_client *broker = read_receiver(cli, &to, error) ? cli_broker(cli, error) : NULL;

	if (!broker)
		return false;
	JsonObject *body = json_object_new();
	json_object_set_string_member(body, to.kind, to.name);
	g_autoptr(JsonNode) node = api_call(broker, "POST", path, body, error);
	if (node)
		output_done(cli, node, "%s %s has %s", to.kind, to.name, id);
	return node != NULL;
}

static bool package_revoke(struct cli *cli, GError **error)
{
	const char *id = cli_argument(cli, 0);
	struct receiver from;
	struct http_client *broker =
	    read_receiver(cli, &from, error) ? cli_broker(cli, error) : NULL;

	if (!broker)
		return false;
	g_autofree char *name = g_uri_escape_string(from.name, NULL, FALSE);
	g_autofree char *grants = http_path("/v1/packages/%s/grants", id);
	g_autofree char *path = g_str_equal(from.kind, "user")
	                            ? g_strdup_printf("%s/%s", grants, name)
	                            : g_strdup_printf("%s?%s=%s", grants, from.kind, name);
	g_autoptr(JsonNode) node = api_call(broker, "DELETE", path, NULL, error);

	if (node)
		output_done(cli, node, "%s %s no longer has %s", from.kind, from.name, id);
	return node != NULL;
}

static bool package_add(struct cli *cli, GError **error)
{
	static const char *const members[] = {"name", "pool", "application", "icon"};
	const char *id = cli_argument(cli, 0);
	const char *application = cli_option(cli, "application");
	struct http_client *broker = cli_broker(cli, error);

	if (!broker)
		return false;
	JsonObject *body = json_object_new();
	json_object_set_string_member(body, "id", id);
	json_object_set_string_member(body, "name", id);
	json_object_set_string_member(body, "pool", "phone");
	json_object_set_string_member(body, "kind", application ? "application" : "phone");
	for (unsigned i = 0; i < G_N_ELEMENTS(members); i++)
		if (cli_option(cli, members[i]))
			json_object_set_string_member(
			    body, members[i], cli_option(cli, members[i]));
	g_autoptr(JsonNode) node = api_call(broker, "POST", "/v1/packages", body, error);
	if (node)
		output_done(cli, node, "package %s is there", id);
	return node != NULL;
}

static const struct cli_option policy_options[] = {
    {"second-terminal", "WHAT",
        "share: both drive; take-over: it ends the first; look-on: it only looks"},
    {"sessions", "N", "Open ones a user may have; beyond, the oldest is closed"},
    {"duration-s", "S", "A session is closed after so long; 0: with the sign-in"},
    {0},
};

static bool add_number(
    const struct cli *cli, const char *option, const char *member, JsonObject *body, GError **error)
{
	const char *text = cli_option(cli, option);
	gint64 number;

	if (!text)
		return true;
	if (!g_ascii_string_to_signed(text, 10, 0, G_MAXINT32, &number, NULL)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "--%s is a number, not \"%s\"",
		    option, text);
		return false;
	}
	json_object_set_int_member(body, member, number);
	return true;
}

/* Without an option it is only shown. */
static bool package_policy(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {{"SECOND TERMINAL", "second_terminal"},
	    {"SESSIONS", "sessions"}, {"DURATION (S)", "duration_s"}, {0}};
	const char *second = cli_option(cli, "second-terminal");
	g_autofree char *path = http_path("/v1/packages/%s/policy", cli_argument(cli, 0));
	g_autoptr(JsonObject) body = json_object_new();

	if (second)
		json_object_set_string_member(body, "second_terminal", second);
	if (!add_number(cli, "sessions", "sessions", body, error) ||
	    !add_number(cli, "duration-s", "duration_s", body, error))
		return false;
	struct http_client *broker = cli_broker(cli, error);
	if (!broker)
		return false;
	bool sets = json_object_get_size(body) > 0;
	g_autoptr(JsonNode) node = api_call(
	    broker, sets ? "PUT" : "GET", path, sets ? json_object_ref(body) : NULL, error);
	if (node)
		output_object(cli, node, columns);
	return node != NULL;
}

static const struct cli_option add_options[] = {
    {"name", "TEXT", "As people see it (default: ID)"},
    {"pool", "NAME", "Whose phones it opens (default: phone)"},
    {"application", "ID", "Desktop id of an application that is launched on it"},
    {"icon", "NAME", "Its icon"},
    {0},
};

static const struct cli_option receiver_options[] = {
    {"group", "NAME", "In place of USER: a group of the company's directory"},
    {"unit", "PATH", "In place of USER: an organisational unit, from the top: Sales/Europe"},
    {"organisation", "DOMAIN", "In place of USER: people of another company (docs/federation.md)"},
    {"plan", "NAME", "In place of USER: whoever holds this plan (qvmi plan)"},
    {0},
};

const struct cli_verb package_verbs[] = {
    {"list", "", 0, 0, "Packages, and who has them.", NULL, package_list},
    {"add", "ID", 1, 1, "Adds a package, or changes it.", add_options, package_add},
    {"grant", "ID [USER]", 1, 2, "Gives it to a user, a group, a unit, an organisation or a plan.",
        receiver_options, package_grant},
    {"revoke", "ID [USER]", 1, 2, "Takes it from them.", receiver_options, package_revoke},
    {"policy", "ID", 1, 1, "What its sessions may: shows it, or changes what is told.",
        policy_options, package_policy},
    {0},
};
