/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi login, qvmi logout: at a broker or console over HTTPS */
#include <stdio.h>
#include <unistd.h>

#include "common/enrolment.h"
#include "common/error.h"
#include "common/json.h"
#include "common/known_device.h"
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

static JsonNode *send_password(struct cli *cli, struct http_client *broker, GError **error)
{
	const char *server = cli_option(cli, "server"), *user = cli_argument(cli, 0);
	g_autofree char *device = known_device_load(server, user);
	char *password = secret_read(cli_option(cli, "password-file"), "Password", false, error);

	if (!password)
		return NULL;
	JsonObject *body = json_object_new();

	json_object_set_string_member(body, "user", user);
	json_object_set_string_member(body, "password", password);
	if (device)
		json_object_set_string_member(body, "device", device);
	secret_free(password);
	http_client_set_bearer(broker, NULL);
	return api_call(broker, "POST", "/v1/login", body, error);
}

static JsonNode *send_code(
    struct cli *cli, struct http_client *broker, const char *challenge, GError **error)
{
	char *code = secret_read(cli_option(cli, "code-file"), "Code", false, error);

	if (!code)
		return NULL;
	JsonObject *body = json_object_new();

	json_object_set_string_member(body, "challenge", challenge);
	json_object_set_string_member(body, "code", code);
	secret_free(code);
	return api_call(broker, "POST", "/v1/login/second-factor", body, error);
}

/* A person may try again; a file says the same each time. */
static bool may_try_again(struct cli *cli, const GError *error)
{
	return g_error_matches(error, QVMI_ERROR, QVMI_ERROR_DENIED) &&
	       !cli_option(cli, "code-file") && isatty(STDIN_FILENO);
}

/* The second half, where the answer to the first (taken) asks for one. */
static JsonNode *complete(
    struct cli *cli, struct http_client *broker, JsonNode *first, GError **error)
{
	GError *failure = NULL;
	JsonNode *node = NULL;
	JsonObject *asked = json_node_get_object(first);
	const char *challenge = enrolment_challenge(asked, &failure);

	if (!challenge && !failure)
		return first;
	if (challenge && enrolment_show(asked, stderr, &failure))
		node = send_code(cli, broker, challenge, &failure);
	while (failure && may_try_again(cli, failure)) {
		fprintf(stderr, "%s\n", failure->message);
		g_clear_error(&failure);
		node = send_code(cli, broker, challenge, &failure);
	}
	if (failure)
		g_propagate_error(error, failure);
	json_node_unref(first);
	return node;
}

static bool login(struct cli *cli, GError **error)
{
	const char *user = cli_argument(cli, 0);
	const char *server = server_of(cli, error);
	struct http_client *broker = server ? cli_broker(cli, error) : NULL;
	JsonNode *first = broker ? send_password(cli, broker, error) : NULL;
	g_autoptr(JsonNode) node = first ? complete(cli, broker, first, error) : NULL;
	JsonObject *answer = node ? json_node_get_object(node) : NULL;
	const char *token = answer ? json_get_string(answer, "token", 4096, error) : NULL;

	if (!token || !token_store_save(server, token, cli_option(cli, "ca-file"), error))
		return false;
	const char *device = json_get_optional_string(answer, "device", 128, NULL);

	if (device)
		known_device_save(server, user, device);
	enrolment_show_recovery(answer, stderr);
	/* Secrets go to their files, not to the screen. */
	json_object_remove_member(answer, "token");
	json_object_remove_member(answer, "device");
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
    {"code-file", "FILE", "Code of the second factor, likewise"},
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
