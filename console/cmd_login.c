/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi login, qvmi logout: at a broker or console over HTTPS */
#include "common/error.h"
#include "common/json.h"
#include "console/api.h"
#include "console/nouns.h"
#include "console/output.h"
#include "console/secret.h"
#include "console/token_store.h"

static const char *server_of(struct cli *cli, GError **error)
{
	const char *server = cli_option(cli, "server");

	if (!server)
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_INVALID, "say where: --server https://HOST:PORT");
	return server;
}

static bool login(struct cli *cli, GError **error)
{
	const char *user = cli_argument(cli, 0);
	const char *server = server_of(cli, error);
	struct http_client *broker = server ? cli_broker(cli, error) : NULL;
	char *password =
	    broker ? secret_read(cli_option(cli, "password-file"), "Password", false, error) : NULL;

	if (!password)
		return false;
	JsonObject *body = json_object_new();
	json_object_set_string_member(body, "user", user);
	json_object_set_string_member(body, "password", password);
	secret_free(password);
	http_client_set_bearer(broker, NULL);
	g_autoptr(JsonNode) node = api_call(broker, "POST", "/v1/login", body, error);
	const char *token =
	    node ? json_get_string(json_node_get_object(node), "token", 4096, error) : NULL;
	if (!token || !token_store_save(server, token, cli_option(cli, "ca-file"), error))
		return false;
	/* The token is a secret: it goes to its file, not to the screen. */
	json_object_remove_member(json_node_get_object(node), "token");
	output_done(cli, node, "signed in to %s as %s", server, user);
	return true;
}

static bool logout(struct cli *cli, GError **error)
{
	const char *server = server_of(cli, error);
	struct http_client *broker = server ? cli_broker(cli, error) : NULL;
	bool done = broker && api_do(broker, "POST", "/v1/logout", NULL, error);

	if (server)
		token_store_remove(server);
	if (done)
		output_done(cli, NULL, "signed out of %s", server);
	return done;
}

static const struct cli_option login_options[] = {
    {"password-file", "FILE", "Password in its first line (default: asked, or standard input)"},
    {0},
};

const struct cli_verb login_verbs[] = {
    {NULL, "USER", 1, 1, "Signs in at --server; later commands with the same --server use it.",
        login_options, login},
    {0},
};
const struct cli_verb logout_verbs[] = {
    {NULL, "", 0, 0, "Signs out of --server.", NULL, logout},
    {0},
};
