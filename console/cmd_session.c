/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi session */
#include "console/api.h"
#include "console/nouns.h"
#include "console/output.h"

static bool session_list(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {{"SESSION", "session"}, {"USER", "user"},
	    {"PACKAGE", "package"}, {"STATE", "state"}, {"PHONE", "phone.uuid"}, {"HOST", "host"},
	    {"TERMINAL", "terminal.model"}, {"SINCE", "created"}, {0}};
	struct http_client *broker = cli_broker(cli, error);
	g_autoptr(JsonNode) node =
	    broker ? api_call(broker, "GET", "/v1/sessions?all=1", NULL, error) : NULL;

	if (node)
		output_list(cli, node, "sessions", columns);
	return node != NULL;
}

static bool session_end(struct cli *cli, GError **error)
{
	const char *id = cli_argument(cli, 0);
	g_autofree char *path = http_path("/v1/sessions/%s", id);
	struct http_client *broker = cli_broker(cli, error);
	g_autoptr(JsonNode) node = broker ? api_call(broker, "DELETE", path, NULL, error) : NULL;

	if (node)
		output_done(cli, node, "session %s is ended", id);
	return node != NULL;
}

const struct cli_verb session_verbs[] = {
    {"list", "", 0, 0, "Who is connected to what.", NULL, session_list},
    {"end", "SESSION", 1, 1, "Ends it, and what its terminal sees, at once.", NULL, session_end},
    {0},
};
