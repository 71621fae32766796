/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi plan, qvmi organisation */
#include "common/error.h"
#include "common/json.h"
#include "console/api.h"
#include "console/nouns.h"
#include "console/output.h"

static bool list(struct cli *cli, struct http_client *daemon, const char *path, const char *member,
    const struct output_column *columns, GError **error)
{
	g_autoptr(JsonNode) node = daemon ? api_call(daemon, "GET", path, NULL, error) : NULL;

	if (node)
		output_list(cli, node, member, columns);
	return node != NULL;
}

static bool plan_list(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {
	    {"PLAN", "plan"}, {"USERS", "users"}, {"ORGANISATIONS", "organisations"}, {0}};
	return list(cli, cli_broker(cli, error), "/v1/plans", "plans", columns, error);
}

/* USER or --organisation, one of them. */
static const char *holder(struct cli *cli, const char **kind, GError **error)
{
	const char *user = cli_argument(cli, 1), *organisation = cli_option(cli, "organisation");

	*kind = user ? "user" : "organisation";
	if (!user != !organisation)
		return user ? user : organisation;
	g_set_error(
	    error, QVMI_ERROR, QVMI_ERROR_INVALID, "give one of USER and --organisation DOMAIN");
	return NULL;
}

static bool plan_give(struct cli *cli, GError **error)
{
	const char *plan = cli_argument(cli, 0), *kind;
	const char *name = holder(cli, &kind, error);
	struct http_client *broker = name ? cli_broker(cli, error) : NULL;

	if (!broker)
		return false;
	JsonObject *body = json_object_new();
	json_object_set_string_member(body, kind, name);
	g_autofree char *path = http_path("/v1/plans/%s/holders", plan);
	g_autoptr(JsonNode) node = api_call(broker, "POST", path, body, error);
	if (node)
		output_done(cli, node, "%s %s holds %s", kind, name, plan);
	return node != NULL;
}

static bool plan_take(struct cli *cli, GError **error)
{
	const char *plan = cli_argument(cli, 0), *kind;
	const char *name = holder(cli, &kind, error);
	struct http_client *broker = name ? cli_broker(cli, error) : NULL;

	if (!broker)
		return false;
	g_autofree char *escaped = g_uri_escape_string(name, NULL, FALSE);
	g_autofree char *holders = http_path("/v1/plans/%s/holders", plan);
	g_autofree char *path = g_strdup_printf("%s?%s=%s", holders, kind, escaped);
	g_autoptr(JsonNode) node = api_call(broker, "DELETE", path, NULL, error);
	if (node)
		output_done(cli, node, "%s %s no longer holds %s", kind, name, plan);
	return node != NULL;
}

static bool organisation_list(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {
	    {"ORGANISATION", "domain"}, {"PROVIDER", "issuer"}, {"CLIENT", "client_id"}, {0}};
	return list(
	    cli, cli_uaas(cli, error), "/v1/organisations", "organisations", columns, error);
}

static bool organisation_add(struct cli *cli, GError **error)
{
	const char *domain = cli_argument(cli, 0), *client = cli_option(cli, "client-id");
	struct http_client *uaas = cli_uaas(cli, error);

	if (!uaas)
		return false;
	JsonObject *body = json_object_new();
	json_object_set_string_member(body, "issuer", cli_argument(cli, 1));
	json_object_set_string_member(body, "client_id", client ? client : "qvmi");
	g_autofree char *path = http_path("/v1/organisations/%s", domain);
	g_autoptr(JsonNode) node = api_call(uaas, "PUT", path, body, error);
	if (node)
		output_done(
		    cli, node, "people of %s are vouched for by %s", domain, cli_argument(cli, 1));
	return node != NULL;
}

static bool organisation_remove(struct cli *cli, GError **error)
{
	const char *domain = cli_argument(cli, 0);
	g_autofree char *path = http_path("/v1/organisations/%s", domain);
	struct http_client *uaas = cli_uaas(cli, error);
	g_autoptr(JsonNode) node = uaas ? api_call(uaas, "DELETE", path, NULL, error) : NULL;

	if (node)
		output_done(cli, node, "nobody vouches for people of %s", domain);
	return node != NULL;
}

static const struct cli_option holder_options[] = {
    {"organisation", "DOMAIN", "In place of USER: all people of an organisation"},
    {0},
};
static const struct cli_option client_options[] = {
    {"client-id", "ID", "What the provider calls the brokers (default: qvmi)"},
    {0},
};

const struct cli_verb plan_verbs[] = {
    {"list", "", 0, 0, "Plans, and who holds them.", NULL, plan_list},
    {"give", "PLAN [USER]", 1, 2, "Gives it to a user or an organisation.", holder_options,
        plan_give},
    {"take", "PLAN [USER]", 1, 2, "Takes it from them.", holder_options, plan_take},
    {0},
};
const struct cli_verb organisation_verbs[] = {
    {"list", "", 0, 0, "Other companies, and who vouches for their people.", NULL,
        organisation_list},
    {"add", "DOMAIN ISSUER", 2, 2, "Says which OpenID provider vouches for its people.",
        client_options, organisation_add},
    {"remove", "DOMAIN", 1, 1, "Its people cannot sign in any more.", NULL, organisation_remove},
    {0},
};
