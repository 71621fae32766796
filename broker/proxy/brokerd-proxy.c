/* SPDX-License-Identifier: GPL-2.0-or-later */
/* brokerd-proxy: vouches for a company's people to brokers of others. */
#include <sys/prctl.h>

#include "broker/proxy/proxy.h"
#include "broker/realm_settings.h"
#include "common/daemon.h"
#include "common/error.h"

#define DAY_S 86400

/* clang-format off */
static const struct config_key keys[] = {
    {"database", "path", CONFIG_PATH, NULL, 0, 0, "SQLite file of what Kerberos and directory said"},
    {"listen", "address", CONFIG_STRING, "0.0.0.0", 0, 0, "address of the HTTPS listener"},
    {"listen", "port", CONFIG_INT, "8446", 1, 65535, "its port"},
    {"listen", "certificate", CONFIG_PATH, NULL, 0, 0, "PEM certificate (chain) of the listener"},
    {"listen", "key", CONFIG_PATH, NULL, 0, 0, "PEM private key of the certificate"},
    {"listen", "unix", CONFIG_PATH, NULL, 0, 0, "socket for health and metrics, for our own uid and root"},
    {"proxy", "issuer", CONFIG_STRING, NULL, 0, 0, "our address, as everybody reaches it: https://login.company.example"},
    {"proxy", "title", CONFIG_STRING, "Your company", 0, 0, "the company's name on the sign-in page"},
    {"proxy", "clients", CONFIG_PATH, NULL, 0, 0, "JSON file of those whom we vouch to (broker/proxy/README.md)"},
    {"proxy", "keys", CONFIG_PATH, NULL, 0, 0, "JWK set of our signing keys; made when it is not there"},
    {"proxy", "key-days", CONFIG_INT, "30", 1, 3650, "a key signs so long, then a new one is made"},
    REALM_CONFIG_KEYS,
    {0},
};
/* clang-format on */

int main(int argc, char **argv)
{
	AUTO(daemon)
	daemon = daemon_new("brokerd-proxy", "vouches for a company's people to brokers of others",
	    keys, argc, argv);
	/* The signing key and people's passwords are in our memory. */
	prctl(PR_SET_DUMPABLE, 0);
	const struct config *config = daemon_config(daemon);
	g_autoptr(GError) error = NULL;
	daemon_require(config, "kerberos", "realm");
	AUTO(realm_settings)
	realm =
	    realm_settings_load(config, daemon_require(config, "listen", "certificate"), &error);
	if (error)
		daemon_fail("reading the configuration", error);
	const struct proxy_options options = {
	    .issuer = daemon_require(config, "proxy", "issuer"),
	    .title = config_string(config, "proxy", "title"),
	    .database_path = daemon_require(config, "database", "path"),
	    .clients_path = daemon_require(config, "proxy", "clients"),
	    .keys_path = daemon_require(config, "proxy", "keys"),
	    .key_lifetime_s = config_int(config, "proxy", "key-days") * DAY_S,
	    .realm = realm,
	};
	AUTO(proxy) proxy = proxy_new(&options, &error);
	if (!proxy)
		daemon_fail("starting", error);
	if (!daemon_listen(config, proxy->server, &error))
		daemon_fail("listening", error);
	http_server_set_ready(proxy->server, true);
	return daemon_run(daemon);
}
