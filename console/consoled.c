/* SPDX-License-Identifier: GPL-2.0-or-later */
/* consoled: the administrators' page. */
#include <sys/prctl.h>

#include "common/daemon.h"
#include "common/error.h"
#include "console/console.h"

/* clang-format off */
static const struct config_key keys[] = {
    {"listen", "address", CONFIG_STRING, "127.0.0.1", 0, 0, "address of the HTTPS listener"},
    {"listen", "port", CONFIG_INT, "8446", 1, 65535, "its port"},
    {"listen", "certificate", CONFIG_PATH, NULL, 0, 0, "PEM certificate (chain) of the listener"},
    {"listen", "key", CONFIG_PATH, NULL, 0, 0, "PEM private key of the certificate"},
    {"listen", "web-folder", CONFIG_PATH, NULL, 0, 0, "the page; unset: the API only"},
    {"broker", "url", CONFIG_STRING, NULL, 0, 0, "brokerd's admin socket: unix:/path"},
    {"pool", "url", CONFIG_STRING, NULL, 0, 0, "poold: unix:/path or https://host:port"},
    {"pool", "ca", CONFIG_PATH, NULL, 0, 0, "CA that poold's certificate must be of"},
    {"pool", "certificate", CONFIG_PATH, NULL, 0, 0, "our certificate, for mutual TLS"},
    {"pool", "key", CONFIG_PATH, NULL, 0, 0, "its key"},
    {0},
};
/* clang-format on */

int main(int argc, char **argv)
{
	AUTO(daemon)
	daemon = daemon_new("consoled", "the administrators' page", keys, argc, argv);
	/* Administrators' tokens are in our memory. */
	prctl(PR_SET_DUMPABLE, 0);
	g_autoptr(GError) error = NULL;
	const struct config *config = daemon_config(daemon);
	const struct console_options options = {
	    .broker = {.base_url = daemon_require(config, "broker", "url"), .name = "brokerd"},
	    .pool =
	        {
	            .base_url = daemon_require(config, "pool", "url"),
	            .ca_file = config_string(config, "pool", "ca"),
	            .certificate_file = config_string(config, "pool", "certificate"),
	            .key_file = config_string(config, "pool", "key"),
	            .name = "poold",
	        },
	    .web_folder = config_string(config, "listen", "web-folder"),
	};
	const struct http_listen tls = {
	    .address = config_string(config, "listen", "address"),
	    .port = (uint16_t)config_int(config, "listen", "port"),
	    .certificate_file = daemon_require(config, "listen", "certificate"),
	    .key_file = daemon_require(config, "listen", "key"),
	};
	AUTO(console) console = console_new(&options, &error);
	if (!console)
		daemon_fail("starting", error);
	if (!http_server_listen(console->server, &tls, &error))
		daemon_fail("listening", error);
	http_server_set_ready(console->server, true);
	return daemon_run(daemon);
}
