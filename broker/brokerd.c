/* SPDX-License-Identifier: GPL-2.0-or-later */
/* brokerd: signs people in and sends them to their phones. */
#include <string.h>
#include <sys/prctl.h>

#include "broker/broker.h"
#include "broker/realm_settings.h"
#include "common/daemon.h"
#include "common/error.h"

/* clang-format off */
static const struct config_key keys[] = {
    {"database", "path", CONFIG_PATH, NULL, 0, 0, "SQLite file of users, packages and sessions"},
    {"listen", "address", CONFIG_STRING, "0.0.0.0", 0, 0, "address of the HTTPS listener"},
    {"listen", "port", CONFIG_INT, "8443", 1, 65535, "its port"},
    {"listen", "certificate", CONFIG_PATH, NULL, 0, 0, "PEM certificate (chain) of the listener"},
    {"listen", "key", CONFIG_PATH, NULL, 0, 0, "PEM private key of the certificate"},
    {"listen", "unix", CONFIG_PATH, NULL, 0, 0, "admin socket, for our own uid and root"},
    {"listen", "web-folder", CONFIG_PATH, NULL, 0, 0, "pages to serve; unset: none"},
    {"listen", "web-connect", CONFIG_STRING, "wss:", 0, 0, "where a page may stream from (CSP sources of connect-src)"},
    {"grant", "private-key", CONFIG_PATH, NULL, 0, 0, "PEM Ed25519 key that signs grants"},
    {"audit", "path", CONFIG_PATH, NULL, 0, 0, "SQLite file of the audit log; unset: audit.sqlite beside the database"},
    {"audit", "heads", CONFIG_PATH, NULL, 0, 0, "signed heads are appended here; unset: audit-heads beside the database"},
    {"pool", "url", CONFIG_STRING, NULL, 0, 0, "poold: unix:/path or https://host:port"},
    {"pool", "ca", CONFIG_PATH, NULL, 0, 0, "CA that poold's certificate must be of"},
    {"pool", "certificate", CONFIG_PATH, NULL, 0, 0, "our certificate, for mutual TLS"},
    {"pool", "key", CONFIG_PATH, NULL, 0, 0, "its key"},
    {"sign-in", "backend", CONFIG_STRING, "local", 0, 0, "who knows people: local, or kerberos"},
    REALM_CONFIG_KEYS,
    {"second-factor", "after-password", CONFIG_STRING, "nobody", 0, 0, "who needs one after a password: nobody, everybody, or some of administrators and group:NAME with commas between"},
    {"second-factor", "after-ticket", CONFIG_STRING, "nobody", 0, 0, "the same after a Kerberos ticket"},
    {"second-factor", "key", CONFIG_PATH, NULL, 0, 0, "32 random bytes that the secrets are sealed with (openssl rand -out FILE 32)"},
    {"second-factor", "issuer", CONFIG_STRING, "QVMI", 0, 0, "what authenticator applications call this broker"},
    FEDERATION_CONFIG_KEYS,
    {"session", "lifetime-s", CONFIG_INT, "43200", 60, 30 * 86400, "a sign-in lasts so long"},
    {"session", "grant-lifetime-s", CONFIG_INT, "30", 5, 60, "a grant has to be used within"},
    {"argon2", "memory-kib", CONFIG_INT, "65536", 1024, 4 * 1024 * 1024, "memory of one computation"},
    {"argon2", "passes", CONFIG_INT, "3", 1, 100, "passes over it"},
    {"argon2", "threads", CONFIG_INT, "2", 1, 64, "computations at a time"},
    {"argon2", "queue", CONFIG_INT, "32", 0, 4096, "sign-ins that may wait for one; beyond: 503"},
    {0},
};
/* clang-format on */

static struct broker *start(const struct config *config, const struct realm_settings *realm,
    const struct federation_settings *federation, GError **error)
{
	const struct broker_options options = {
	    .database_path = daemon_require(config, "database", "path"),
	    .grant_private_key = daemon_require(config, "grant", "private-key"),
	    .audit_path = config_string(config, "audit", "path"),
	    .audit_heads = config_string(config, "audit", "heads"),
	    .authenticator = config_string(config, "sign-in", "backend"),
	    .realm = realm,
	    .federation = federation,
	    .pool =
	        {
	            .base_url = daemon_require(config, "pool", "url"),
	            .ca_file = config_string(config, "pool", "ca"),
	            .certificate_file = config_string(config, "pool", "certificate"),
	            .key_file = config_string(config, "pool", "key"),
	            .name = "poold",
	        },
	    .web_folder = config_string(config, "listen", "web-folder"),
	    .web_connect = config_string(config, "listen", "web-connect"),
	    .factor_after_password = config_string(config, "second-factor", "after-password"),
	    .factor_after_ticket = config_string(config, "second-factor", "after-ticket"),
	    .factor_issuer = config_string(config, "second-factor", "issuer"),
	    .secret_key_path = config_string(config, "second-factor", "key"),
	    .token_lifetime_s = config_int(config, "session", "lifetime-s"),
	    .grant_lifetime_s = config_int(config, "session", "grant-lifetime-s"),
	    .password_cost =
	        {
	            .memory_kib = (uint32_t)config_int(config, "argon2", "memory-kib"),
	            .passes = (uint32_t)config_int(config, "argon2", "passes"),
	        },
	    .password_threads = (unsigned)config_int(config, "argon2", "threads"),
	    .password_queue = (unsigned)config_int(config, "argon2", "queue"),
	};
	return broker_new(&options, error);
}

int main(int argc, char **argv)
{
	AUTO(daemon)
	daemon = daemon_new(
	    "brokerd", "signs people in and sends them to their phones", keys, argc, argv);
	/* The grant key and people's passwords are in our memory. */
	prctl(PR_SET_DUMPABLE, 0);
	g_autoptr(GError) error = NULL;
	AUTO(realm_settings)
	realm = realm_settings_load(daemon_config(daemon),
	    daemon_require(daemon_config(daemon), "listen", "certificate"), &error);
	struct federation_settings federation;
	bool federated =
	    !error && federation_settings_load(&federation, daemon_config(daemon), &error);
	if (error)
		daemon_fail("reading the configuration", error);
	AUTO(broker)
	broker = start(daemon_config(daemon), realm, federated ? &federation : NULL, &error);
	if (!broker)
		daemon_fail("starting", error);
	if (!daemon_listen(daemon_config(daemon), broker->server, &error))
		daemon_fail("listening", error);
	http_server_set_ready(broker->server, true);
	return daemon_run(daemon);
}
