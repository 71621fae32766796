/* SPDX-License-Identifier: GPL-2.0-or-later */
/* poold: the data-centre manager. Reads its configuration, opens its records, listens. */
#include <sys/prctl.h>

#include "common/daemon.h"
#include "common/error.h"
#include "common/log.h"
#include "pool/api.h"
#include "pool/schema.h"

static const struct config_key keys[] = {
    {"database", "path", CONFIG_PATH, NULL, 0, 0, "the records (SQLite); required"},
    {"listen", "unix", CONFIG_PATH, NULL, 0, 0, "socket of the API, mode 0600"},
    {"listen", "tls-address", CONFIG_STRING, NULL, 0, 0, "address of the API by mutual TLS"},
    {"listen", "tls-port", CONFIG_INT, "8448", 1, 65535, "its port"},
    {"listen", "certificate", CONFIG_PATH, NULL, 0, 0, "server certificate (PEM)"},
    {"listen", "key", CONFIG_PATH, NULL, 0, 0, "its key (PEM)"},
    {"listen", "client-ca", CONFIG_PATH, NULL, 0, 0, "who may call: certificates of this CA"},
    {"hosts", "ca", CONFIG_PATH, NULL, 0, 0, "CA of hosts that are reached by https"},
    {"hosts", "certificate", CONFIG_PATH, NULL, 0, 0, "our certificate towards them (PEM)"},
    {"hosts", "key", CONFIG_PATH, NULL, 0, 0, "its key (PEM)"},
    {"rules", "program", CONFIG_PATH, NULL, 0, 0, "rule child (default: qvmi-rule beside poold)"},
    {"rules", "folder", CONFIG_PATH, NULL, 0, 0, "folder of the rules' scripts; unset: built-in"},
    {"pool", "interval-ms", CONFIG_INT, "500", 50, 60000, "how often hosts are asked"},
    {NULL, NULL, CONFIG_STRING, NULL, 0, 0, NULL},
};

static struct transport *connect_daemon(
    const struct host_record *record, enum host_daemon daemon, void *data, GError **error)
{
	const struct config *config = data;
	bool mtpd = daemon == HOST_MTPD;
	struct transport_identity identity = {
	    .ca_file = config_string(config, "hosts", "ca"),
	    .certificate_file = config_string(config, "hosts", "certificate"),
	    .key_file = config_string(config, "hosts", "key"),
	};
	g_autofree char *name = g_strdup_printf("%s on %s", mtpd ? "mtpd" : "qvisord", record->id);

	return transport_http_new(mtpd ? record->mtpd_url : record->url, name, &identity, error);
}

static char *beside_us(const char *name)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = g_path_get_dirname(self ? self : "");

	return g_build_filename(folder, name, NULL);
}

static struct rules *open_rules(const struct config *config)
{
	const char *folder = config_string(config, "rules", "folder");
	const char *program = config_string(config, "rules", "program");
	g_autofree char *beside = beside_us("qvmi-rule");
	struct rules *rules = rules_new(folder ? program ? program : beside : NULL, folder);

	rules_prepare(rules, "allocate");
	rules_prepare(rules, "replenish");
	return rules;
}

static struct manager *open_manager(const struct config *config)
{
	g_autoptr(GError) error = NULL;
	const char *path = config_string(config, "database", "path");
	struct manager_options options = {
	    .world = world_real(),
	    .connect = connect_daemon,
	    .connect_data = (void *)config,
	    .interval_ms = (guint)config_int(config, "pool", "interval-ms"),
	};
	struct manager *m;

	if (!path) {
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the configuration has no [database] path");
		daemon_fail("start", error);
	}
	options.db = database_open(path, pool_migrations, &error);
	if (!options.db)
		daemon_fail("open the records", error);
	options.rules = open_rules(config);
	m = manager_new(&options, &error);
	if (!m)
		daemon_fail("take up the records", error);
	return m;
}

static void open_listeners(struct http_server *server, const struct config *config)
{
	g_autoptr(GError) error = NULL;
	struct http_listen unix_listen = {.unix_path = config_string(config, "listen", "unix")};
	struct http_listen tls_listen = {
	    .address = config_string(config, "listen", "tls-address"),
	    .port = (uint16_t)config_int(config, "listen", "tls-port"),
	    .certificate_file = config_string(config, "listen", "certificate"),
	    .key_file = config_string(config, "listen", "key"),
	    .client_ca_file = config_string(config, "listen", "client-ca"),
	};

	if (!unix_listen.unix_path && !tls_listen.address)
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the configuration has neither [listen] unix nor tls-address");
	/* Whoever may call decides about everybody's phones: never without knowing who it is. */
	else if (tls_listen.address && !tls_listen.client_ca_file)
		g_set_error(
		    &error, QVMI_ERROR, QVMI_ERROR_INVALID, "[listen] tls-address needs client-ca");
	if (error || (unix_listen.unix_path && !http_server_listen(server, &unix_listen, &error)) ||
	    (tls_listen.address && !http_server_listen(server, &tls_listen, &error)))
		daemon_fail("listen", error);
}

int main(int argc, char **argv)
{
	AUTO(daemon) daemon = daemon_new("poold", "data-centre manager", keys, argc, argv);
	const struct config *config = daemon_config(daemon);
	struct http_server *server;
	struct manager *manager;
	int code;

	/* It holds the key to the hosts. */
	prctl(PR_SET_DUMPABLE, 0);
	manager = open_manager(config);
	server = http_server_new(api_routes, manager);
	http_server_set_guard(server, api_guard);
	open_listeners(server, config);
	http_server_set_ready(server, true);
	code = daemon_run(daemon);
	/* Requests that wait are answered by the end of the calls they wait for. */
	manager_free(manager);
	http_server_free(server);
	return code;
}
