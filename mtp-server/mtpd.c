/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mtpd: lets terminals in and brings them to their phones' workers. See README.md. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/daemon.h"
#include "common/error.h"
#include "common/host_certificate.h"
#include "mtp-server/api.h"
#include "mtp-server/tls_listener.h"

#define WORKERS_MAX 256

static const struct config_key config_keys[] = {
    {"host", "id", CONFIG_STRING, NULL, 0, 0, "This host's id, which grants must name"},
    {"grant", "public-key", CONFIG_PATH, NULL, 0, 0,
        "The broker's public keys (PEM, up to 4); read again when the file changes"},
    {"grant", "used", CONFIG_PATH, NULL, 0, 0,
        "File of the grants that were used, for none to be used again after a restart; unset: "
        "only in memory"},
    {"display", "socket", CONFIG_PATH, NULL, 0, 0, "qvisord's socket for displays"},
    {"listen", "address", CONFIG_STRING, "127.0.0.1", 0, 0, "IP address for terminals"},
    {"listen", "port", CONFIG_INT, "8444", 0, 65535, "TCP port for native terminals (TLS 1.3)"},
    {"listen", "websocket-port", CONFIG_INT, "8445", 0, 65535, "TCP port for browsers"},
    {"listen", "certificate", CONFIG_PATH, NULL, 0, 0, "Certificate chain (PEM)"},
    {"listen", "key", CONFIG_PATH, NULL, 0, 0, "Private key of the certificate (PEM)"},
    {"listen", "unix", CONFIG_PATH, NULL, 0, 0, "Socket of the HTTP API"},
    {"listen", "api-address", CONFIG_STRING, NULL, 0, 0,
        "The HTTP API by mutual TLS as well, for a poold on another machine; unset: no"},
    {"listen", "api-port", CONFIG_INT, "8449", 0, 65535, "Its port"},
    {"listen", "api-certificate", CONFIG_PATH, NULL, 0, 0, "PEM"},
    {"listen", "api-key", CONFIG_PATH, NULL, 0, 0, "PEM"},
    {"listen", "api-client-ca", CONFIG_PATH, NULL, 0, 0, "Who may call: certificates of this CA"},
    {"worker", "program", CONFIG_PATH, NULL, 0, 0, "mtpd-worker, if it is not beside mtpd"},
    {"worker", "reader", CONFIG_PATH, NULL, 0, 0, "mtp-reader, if it is not beside mtpd"},
    {"worker", "linger-s", CONFIG_INT, "30", 1, 86400,
        "How long a phone's worker stays after its last viewer"},
    {"worker", "first-uid", CONFIG_INT, "0", 0, 2000000000,
        "As root: workers run as this user id and those after it; 0: as mtpd"},
    {"worker", "user", CONFIG_STRING, NULL, 0, 0,
        "As root: user that mtpd becomes once it listens"},
    {"screen", "mode-pixels", CONFIG_INT, "2400000", 0, 8388608,
        "A phone takes over the size of the terminal that drives it, of at most so many pixels; "
        "0: it keeps its own"},
    {NULL, NULL, CONFIG_STRING, NULL, 0, 0, NULL},
};

/* A program that was built and installed with us, unless `key` names another. */
static char *worker_program(const struct config *config, const char *key, const char *name)
{
	const char *program = config_string(config, "worker", key);
	if (program)
		return g_strdup(program);
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = self ? g_path_get_dirname(self) : g_strdup(".");
	return g_build_filename(folder, name, NULL);
}

static bool drop_privileges(const char *name, GError **error)
{
	const struct passwd *user = name && getuid() == 0 ? getpwnam(name) : NULL;
	if (!name || getuid() != 0)
		return true;
	if (!user) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "there is no user '%s' on this machine (worker/user)", name);
		return false;
	}
	if (initgroups(name, user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
	    setuid(user->pw_uid) != 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot become user '%s': %s",
		    name, g_strerror(errno));
		return false;
	}
	return true;
}

static struct http_server *listen_http(
    const struct http_route *routes, struct api *api, const struct http_listen *listen)
{
	g_autoptr(GError) error = NULL;
	struct http_server *server = http_server_new(routes, api);
	if (!http_server_listen(server, listen, &error))
		daemon_fail("listen", error);
	http_server_set_ready(server, true);
	return server;
}

/* Whoever reaches this API sees every phone's screen here: never without knowing who it is. */
static void listen_api_tls(struct http_server *server, const struct config *config)
{
	g_autoptr(GError) error = NULL;
	const struct http_listen listen = {
	    .address = config_string(config, "listen", "api-address"),
	    .port = (uint16_t)config_int(config, "listen", "api-port"),
	    .certificate_file = config_string(config, "listen", "api-certificate"),
	    .key_file = config_string(config, "listen", "api-key"),
	    .client_ca_file = config_string(config, "listen", "api-client-ca"),
	};
	if (!listen.address)
		return;
	if (!listen.certificate_file || !listen.key_file || !listen.client_ca_file)
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "listen.api-address needs listen.api-certificate, listen.api-key and "
		    "listen.api-client-ca");
	if (error || !http_server_listen(server, &listen, &error))
		daemon_fail("listen", error);
}

int main(int argc, char **argv)
{
	AUTO(daemon)
	daemon = daemon_new("mtpd", "shows phones to terminals", config_keys, argc, argv);
	const struct config *config = daemon_config(daemon);
	g_autoptr(GError) error = NULL;
	/* It holds the TLS key. */
	prctl(PR_SET_DUMPABLE, 0);

	AUTO(grant_key_file)
	keys = grant_key_file_new(daemon_require(config, "grant", "public-key"), false, &error);
	if (!keys)
		daemon_fail("the broker's public key", error);
	g_autofree char *program = worker_program(config, "program", "mtpd-worker");
	g_autofree char *reader = worker_program(config, "reader", "mtp-reader");
	AUTO(worker_pool)
	pool = worker_pool_new(&(struct worker_pool_options){
	    .display_socket = daemon_require(config, "display", "socket"),
	    .program = program,
	    .reader = reader,
	    .linger_s = (unsigned)config_int(config, "worker", "linger-s"),
	    .mode_pixels = (unsigned)config_int(config, "screen", "mode-pixels"),
	    .first_uid = getuid() == 0 ? (uid_t)config_int(config, "worker", "first-uid") : 0,
	    .max = WORKERS_MAX});
	AUTO(front) front = front_new(keys, daemon_require(config, "host", "id"), pool);
	struct api api = {.front = front, .pool = pool};

	const char *address = config_string(config, "listen", "address");
	const char *certificate = daemon_require(config, "listen", "certificate");
	const char *private_key = daemon_require(config, "listen", "key");
	struct tls_listener *listener =
	    tls_listener_new(address, (uint16_t)config_int(config, "listen", "port"), certificate,
	        private_key, front_accept, front, &error);
	if (!listener)
		daemon_fail("native terminals", error);
	AUTO(http_server)
	websocket = listen_http(websocket_routes, &api,
	    &(struct http_listen){.address = address,
	        .port = (uint16_t)config_int(config, "listen", "websocket-port"),
	        .certificate_file = certificate,
	        .key_file = private_key});
	AUTO(http_server)
	server = listen_http(api_routes, &api,
	    &(struct http_listen){.unix_path = daemon_require(config, "listen", "unix")});
	http_server_set_guard(server, host_certificate_refuse);
	listen_api_tls(server, config);
	if (!drop_privileges(config_string(config, "worker", "user"), &error))
		daemon_fail("privileges", error);
	const char *used = config_string(config, "grant", "used");
	if (used && !front_remember(front, used, &error))
		daemon_fail("the used grants", error);
	g_message("native terminals on %s port %u, browsers on port %u", address,
	    tls_listener_port(listener), http_server_port(websocket, address));

	int exit_code = daemon_run(daemon);
	tls_listener_free(listener);
	front_say_bye(front);
	/* For what has been said to leave. */
	for (gint64 until = g_get_monotonic_time() + G_USEC_PER_SEC / 4;
	     g_get_monotonic_time() < until; g_usleep(1000))
		while (g_main_context_iteration(NULL, FALSE))
			;
	return exit_code;
}
