/* SPDX-License-Identifier: GPL-2.0-or-later */
/* To whom a command talks: the sockets of the running `qvmi up`, or --server with the token that
 * `qvmi login` has stored for it. */
#include "common/error.h"
#include "common/file.h"
#include "console/cli_private.h"
#include "console/token_store.h"
#include "console/up_layout.h"

static struct http_client *connect_server(struct cli *cli, const char *url, GError **error)
{
	g_autofree char *stored_ca = NULL;
	g_autofree char *token = token_store_load(url, &stored_ca);
	const char *ca = cli_option(cli, "ca-file");
	const struct http_client_options options = {
	    .base_url = url,
	    .ca_file = ca ? ca : stored_ca,
	    .bearer = token,
	    .name = url,
	};
	return http_client_new(&options, error);
}

static struct http_client *connect_local(struct cli *cli, const char *daemon, GError **error)
{
	const char *state = cli_option(cli, "up");
	AUTO(up_layout) layout = up_layout_new(state ? state : g_getenv("QVMI_STATE"), NULL);
	g_autofree char *url = up_layout_url(layout, daemon);
	g_autofree char *name = g_strdup_printf("%s of `qvmi up`", daemon);
	const struct http_client_options options = {.base_url = url, .name = name};

	return http_client_new(&options, error);
}

static struct http_client *connect_to(struct cli *cli, const char *daemon, GError **error)
{
	const char *server = cli_option(cli, "server");

	return server ? connect_server(cli, server, error) : connect_local(cli, daemon, error);
}

struct http_client *cli_pool(struct cli *cli, GError **error)
{
	if (!cli->pool)
		cli->pool = connect_to(cli, "poold", error);
	return cli->pool;
}

struct http_client *cli_broker(struct cli *cli, GError **error)
{
	if (!cli->broker)
		cli->broker = connect_to(cli, "brokerd", error);
	return cli->broker;
}

struct http_client *cli_uaas(struct cli *cli, GError **error)
{
	const char *server = cli_option(cli, "server");
	const struct http_client_options options = {
	    .base_url = server ? server : "unix:/run/qvmi-uaas/uaasd.sock", .name = "uaasd"};

	if (!cli->uaas)
		cli->uaas = http_client_new(&options, error);
	return cli->uaas;
}
