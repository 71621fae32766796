/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi user */
#include "common/json.h"
#include "console/api.h"
#include "console/nouns.h"
#include "console/output.h"
#include "console/secret.h"

static bool user_list(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {
	    {"NAME", "name"}, {"ADMINISTRATOR", "admin"}, {"CREATED", "created"}, {0}};
	struct http_client *broker = cli_broker(cli, error);
	g_autoptr(JsonNode) node =
	    broker ? api_call(broker, "GET", "/v1/users", NULL, error) : NULL;

	if (node)
		output_list(cli, node, "users", columns);
	return node != NULL;
}

/* Sends the password in `body` (taken). */
static JsonNode *send_password(
    struct cli *cli, const char *method, const char *path, JsonObject *body, GError **error)
{
	struct http_client *broker = cli_broker(cli, error);
	char *password =
	    broker ? secret_read(cli_option(cli, "password-file"), "Password", true, error) : NULL;
	JsonNode *node = NULL;

	if (password) {
		json_object_set_string_member(body, "password", password);
		node = api_call(broker, method, path, json_object_ref(body), error);
	}
	secret_free(password);
	json_object_unref(body);
	return node;
}

static bool user_add(struct cli *cli, GError **error)
{
	const char *name = cli_argument(cli, 0);
	JsonObject *body = json_object_new();

	json_object_set_string_member(body, "name", name);
	json_object_set_boolean_member(body, "admin", cli_option(cli, "admin") != NULL);
	g_autoptr(JsonNode) node = send_password(cli, "POST", "/v1/users", body, error);
	if (node)
		output_done(cli, node, "user %s is added", name);
	return node != NULL;
}

static bool user_passwd(struct cli *cli, GError **error)
{
	const char *name = cli_argument(cli, 0);
	g_autofree char *path = http_path("/v1/users/%s/password", name);
	g_autoptr(JsonNode) node = send_password(cli, "PUT", path, json_object_new(), error);

	if (node)
		output_done(cli, node, "the password of %s is changed", name);
	return node != NULL;
}

static bool user_remove(struct cli *cli, GError **error)
{
	const char *name = cli_argument(cli, 0);
	g_autofree char *path = http_path("/v1/users/%s", name);
	struct http_client *broker = cli_broker(cli, error);
	g_autoptr(JsonNode) node = broker ? api_call(broker, "DELETE", path, NULL, error) : NULL;

	if (node)
		output_done(cli, node, "user %s is removed", name);
	return node != NULL;
}

static bool user_sign_out(struct cli *cli, GError **error)
{
	const char *name = cli_argument(cli, 0);
	g_autofree char *path = http_path("/v1/users/%s/sign-out", name);
	struct http_client *broker = cli_broker(cli, error);
	g_autoptr(JsonNode) node = broker ? api_call(broker, "POST", path, NULL, error) : NULL;

	if (node)
		output_done(cli, node, "%s is signed out everywhere", name);
	return node != NULL;
}

static bool user_reset_second_factor(struct cli *cli, GError **error)
{
	const char *name = cli_argument(cli, 0);
	g_autofree char *path = http_path("/v1/users/%s/second-factor", name);
	struct http_client *broker = cli_broker(cli, error);
	g_autoptr(JsonNode) node = broker ? api_call(broker, "DELETE", path, NULL, error) : NULL;

	if (node)
		output_done(cli, node,
		    "the second factor of %s is removed; the next sign-in enrols another", name);
	return node != NULL;
}

static const struct cli_option add_options[] = {
    {"admin", NULL, "An administrator"},
    {"password-file", "FILE", "Password in its first line (default: asked, or standard input)"},
    {0},
};

const struct cli_verb user_verbs[] = {
    {"list", "", 0, 0, "Accounts.", NULL, user_list},
    {"add", "NAME", 1, 1, "Adds an account.", add_options, user_add},
    {"passwd", "NAME", 1, 1, "Sets a password; ends what the old one opened.", &add_options[1],
        user_passwd},
    {"sign-out", "NAME", 1, 1, "Ends every sign-in of theirs, and what their terminals see.", NULL,
        user_sign_out},
    {"reset-second-factor", "NAME", 1, 1,
        "Removes a second factor that is lost; ends what the account has opened.", NULL,
        user_reset_second_factor},
    {"remove", "NAME", 1, 1, "Removes an account.", NULL, user_remove},
    {0},
};
