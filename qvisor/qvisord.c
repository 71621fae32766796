/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvisord: the host daemon. Configuration, listeners, and the order in which things are built and
 * taken down. */
#include <pwd.h>
#include <sys/types.h>

#include "common/daemon.h"
#include "common/error.h"
#include "common/host_certificate.h"
#include "common/http_server.h"
#include "qvisor/api.h"
#include "qvisor/display.h"
#include "qvisor/heartbeat.h"
#include "qvisor/host.h"
#include "qvisor/migration.h"
#include "qvisor/networks.h"
#include "qvisor/performance.h"
#include "qvisor/phone_network.h"
#include "qvisor/phone_table.h"
#include "qvisor/platform.h"
#include "qvisor/prespawn.h"
#include "qvisor/zygote.h"
#include "qvisor/registration.h"
#include "qvisor/secret_memory.h"
#include "qvisor/template_store.h"
#include "qvisor/user_volume_store.h"

static const struct config_key keys[] = {
    {"host", "id", CONFIG_STRING, "host-1", 0, 0, "name of this host: the audience of its grants"},
    {"host", "state-folder", CONFIG_PATH, NULL, 0, 0, "a folder a phone is made below it"},
    {"host", "run-folder", CONFIG_PATH, NULL, 0, 0, "where the sockets are (informational)"},
    {"host", "template-folder", CONFIG_PATH, NULL, 0, 0, "a folder a template is made below it"},
    {"host", "volume-folder", CONFIG_PATH, NULL, 0, 0,
        "a folder a user's volume is made below it; unset: none are kept here"},
    {"host", "volume-size-mib", CONFIG_INT, "8192", 64, 4194304,
        "of a new volume; it takes what is used"},
    {"host", "volume-stock", CONFIG_INT, "2", 0, 64, "empty volumes that are kept ready"},
    {"host", "accelerator", CONFIG_STRING, "auto", 0, 0, "auto (probes KVM), kvm or tcg"},
    {"host", "qemu", CONFIG_STRING, "qemu-system-x86_64", 0, 0, "QEMU program"},
    {"host", "qemu-aarch64", CONFIG_STRING, "qemu-system-aarch64", 0, 0,
        "QEMU program for ARM64 images"},
    {"host", "platform", CONFIG_STRING, "native", 0, 0,
        "who starts QEMU: native, or libvirt:URI, as in libvirt:qemu:///system"},
    {"host", "launcher", CONFIG_PATH, NULL, 0, 0,
        "socket of qvisor-launch; unset: phones run under this daemon's user, without a jail"},
    {"host", "tb-size-mib", CONFIG_INT, "64", 8, 4096, "TCG's code cache a phone"},
    {"host", "mem-merge", CONFIG_BOOL, "false", 0, 0,
        "KSM may merge phones' pages: only where all phones are of one organisation"},
    {"host", "max-phones", CONFIG_INT, "64", 1, 10000, "phones that run at once"},
    {"host", "prespawn", CONFIG_INT, "2", 0, 64,
        "children that wait for a clone request, of the template cloned last; none under libvirt"},
    {"host", "zygotes", CONFIG_INT, "2", 0, 64,
        "QEMUs that clones are forked from, of the templates cloned last; by TCG, without libvirt"},
    {"host", "zygote-tb-size-mib", CONFIG_INT, "256", 8, 4096,
        "TCG's code cache of one, which all its clones share"},
    {"host", "zygote-warm-s", CONFIG_INT, "20", 0, 600, "how long the guest of one runs before"},
    {"host", "memory-reserve-mib", CONFIG_INT, "256", 0, 1048576,
        "no phone is started when less memory would stay available"},
    {"host", "disk-reserve-mib", CONFIG_INT, "64", 0, 1048576,
        "no phone is started when less disk is free"},
    {"phone", "network", CONFIG_STRING, "none", 0, 0,
        "none; isolated: an interface without a cable; internet; listed: network.allow only"},
    {"phone", "hung", CONFIG_STRING, "report", 0, 0,
        "a phone whose QEMU does not answer: report, stop or restart it"},
    {"phone", "hung-grace-s", CONFIG_INT, "30", 0, 3600,
        "how long it may hang before it is stopped or restarted"},
    {"network", "allow", CONFIG_STRING, NULL, 0, 0,
        "addresses and networks that phones may reach, private ones too: 192.0.2.0/24, ..."},
    {"network", "named", CONFIG_STRING, NULL, 0, 0,
        "networks that a pool's policy can name: \"office: 10.1.0.0/16 10.2.0.0/16; lab: ...\""},
    {"network", "deny", CONFIG_STRING, NULL, 0, 0,
        "and those they may not, before all others: the control plane's"},
    {"network", "dns", CONFIG_STRING, NULL, 0, 0,
        "their resolver; unset: this host's, where that is another machine"},
    {"listen", "unix", CONFIG_PATH, NULL, 0, 0, "the API's UNIX socket"},
    {"listen", "tls-address", CONFIG_STRING, NULL, 0, 0, "the API's TLS address; unset: none"},
    {"listen", "tls-port", CONFIG_INT, "8447", 0, 65535, "its port"},
    {"listen", "certificate", CONFIG_PATH, NULL, 0, 0, "PEM"},
    {"listen", "key", CONFIG_PATH, NULL, 0, 0, "PEM"},
    {"listen", "client-ca", CONFIG_PATH, NULL, 0, 0, "clients must have a certificate of this CA"},
    {"listen", "display", CONFIG_PATH, NULL, 0, 0, "socket that hands displays to mtpd"},
    {"pool", "url", CONFIG_STRING, NULL, 0, 0,
        "https://HOST:PORT of the poold to register with; unset: an administrator does that"},
    {"pool", "ca", CONFIG_PATH, NULL, 0, 0, "poold's certificate is of this CA"},
    {"pool", "certificate", CONFIG_PATH, NULL, 0, 0,
        "ours, common name \"host:ID\" (PEM): good for registering and nothing else"},
    {"pool", "key", CONFIG_PATH, NULL, 0, 0, "its key (PEM)"},
    {"pool", "own-url", CONFIG_STRING, NULL, 0, 0,
        "https://HOST:PORT at which poold reaches this API"},
    {"pool", "mtpd-url", CONFIG_STRING, NULL, 0, 0, "the same for mtpd's; unset: no thumbnails"},
    {"pool", "mtp-address", CONFIG_STRING, NULL, 0, 0,
        "where terminals find mtpd; unset: at the broker's address"},
    {"pool", "mtp-port", CONFIG_INT, "8444", 1, 65535, "MTP over TLS"},
    {"pool", "websocket-port", CONFIG_INT, "8445", 1, 65535, "MTP over WebSocket"},
    {"migration", "address", CONFIG_STRING, NULL, 0, 0,
        "where other hosts bring phones to, by mutual TLS; unset: phones neither come nor leave"},
    {"migration", "port", CONFIG_INT, "8450", 1, 65535, "its port"},
    {"display", "allowed-user", CONFIG_STRING, NULL, 0, 0,
        "a user beside our own and root who may have displays: mtpd's"},
    {NULL, NULL, CONFIG_STRING, NULL, 0, 0, NULL},
};

static bool listen_all(struct http_server *server, const struct config *config, GError **error)
{
	const char *unix_path = config_string(config, "listen", "unix");
	const char *address = config_string(config, "listen", "tls-address");
	const struct http_listen on_unix = {.unix_path = unix_path, .unix_mode = 0600};
	const struct http_listen on_tls = {
	    .address = address,
	    .port = config_int(config, "listen", "tls-port"),
	    .certificate_file = config_string(config, "listen", "certificate"),
	    .key_file = config_string(config, "listen", "key"),
	    .client_ca_file = config_string(config, "listen", "client-ca"),
	};
	if (!unix_path && !address) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_INVALID, "set listen.unix or listen.tls-address");
		return false;
	}
	/* Whoever reaches this API owns every phone here. */
	if (address && (!on_tls.certificate_file || !on_tls.key_file || !on_tls.client_ca_file)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "listen.tls-address needs listen.certificate, listen.key and listen.client-ca");
		return false;
	}
	return (!unix_path || http_server_listen(server, &on_unix, error)) &&
	       (!address || http_server_listen(server, &on_tls, error));
}

static struct display *open_display(
    struct host *host, const char *path, const struct config *config, GError **error)
{
	const char *name = config_string(config, "display", "allowed-user");
	const struct passwd *user = name ? getpwnam(name) : NULL;
	if (!name || user)
		return display_listen(host, path, user ? user->pw_uid : (uid_t)-1, error);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "display.allowed-user: there is no user '%s' on this machine", name);
	return NULL;
}

static bool open_network(struct host *host, const struct config *config, GError **error)
{
	static const enum networks_own own[HOST_N_NETWORKS] = {
	    [HOST_NETWORK_INTERNET] = NETWORKS_OWN_INTERNET,
	    [HOST_NETWORK_LISTED] = NETWORKS_OWN_LISTED,
	};
	host->networks = networks_open(host->state_folder, own[host->network_kind], config, error);
	return host->networks;
}

static bool open_volumes(struct host *host, const struct config *config, GError **error)
{
	const struct user_volume_store_settings settings = {
	    .folder = config_string(config, "host", "volume-folder"),
	    .size_mib = config_int(config, "host", "volume-size-mib"),
	    .stock = config_int(config, "host", "volume-stock"),
	    .disk_reserve_mib = host->disk_reserve_mib,
	};
	if (settings.folder)
		host->volumes = user_volume_store_open(&settings, error);
	return host->volumes || !settings.folder;
}

static void tell_platform(const struct platform *platform)
{
	g_autoptr(JsonObject) about = json_object_new(), jail = json_object_new();
	platform->describe(platform, about, jail);
	g_autoptr(GString) without = g_string_new(NULL);
	JsonArray *missing = json_object_get_array_member(jail, "without");
	for (unsigned i = 0; i < json_array_get_length(missing); i++)
		g_string_append_printf(without, "%s%s", i ? ", " : "; phones go without ",
		    json_array_get_string_element(missing, i));
	g_message("platform %s%s", platform->name, without->str);
}

int main(int argc, char **argv)
{
	AUTO(daemon)
	daemon = daemon_new("qvisord", "host daemon: phones, templates, QEMU", keys, argc, argv);
	const struct config *config = daemon_config(daemon);
	g_autoptr(GError) error = NULL;
	struct host host;
	secret_memory_init();
	if (!host_init(&host, config, &error))
		daemon_fail("preparing this host", error);
	g_message("%s; QEMU %s", host.accelerator->reason, host.qemu_version);
	tell_platform(host.platform);

	/* Before any listener: a second daemon on the same folders must not adopt what the first
	 * has. */
	struct http_server *server = http_server_new(api_routes, &host);
	http_server_set_guard(server, host_certificate_refuse);
	if (!listen_all(server, config, &error))
		daemon_fail("opening the API", error);
	struct display *display = NULL;
	const char *display_path = config_string(config, "listen", "display");
	if (display_path && !(display = open_display(&host, display_path, config, &error)))
		daemon_fail("opening the display socket", error);
	host.templates = template_store_open(&host, &error);
	if (!host.templates)
		daemon_fail("reading the templates", error);
	if (!open_network(&host, config, &error))
		daemon_fail("connecting the phones", error);
	if (!open_volumes(&host, config, &error))
		daemon_fail("reading the users' volumes", error);
	host.migration = migration_open(&host, config, &error);
	if (error)
		daemon_fail("listening to other hosts", error);
	host.phones = phone_table_open(&host, &error);
	if (!host.phones)
		daemon_fail("reading the phones", error);
	networks_settle(host.networks, phone_network_is_used, &host);
	host.prespawn = prespawn_new(
	    &host, !host.platform->may_wait ? 0 : (unsigned)config_int(config, "host", "prespawn"));
	host.zygotes = zygotes_new(&host, (unsigned)config_int(config, "host", "zygotes"),
	    (unsigned)config_int(config, "host", "zygote-warm-s"));
	struct heartbeat *heartbeat = heartbeat_new(&host, config, &error);
	if (!heartbeat)
		daemon_fail("watching over the phones", error);
	host.registration = registration_new(host.id, config, &error);
	if (error)
		daemon_fail("registering with the pool", error);
	host.performance = performance_new(&host);
	http_server_set_ready(server, true);

	int code = daemon_run(daemon);

	/* Phones run on. What they were asked is answered while the server still is there. */
	networks_close(host.networks, phone_network_is_used, &host);
	registration_free(host.registration);
	performance_free(host.performance);
	heartbeat_free(heartbeat);
	prespawn_free(host.prespawn);
	zygotes_free(host.zygotes);
	user_volume_store_free(host.volumes);
	migration_free(host.migration);
	phone_table_free(host.phones);
	template_store_free(host.templates);
	display_free(display);
	http_server_free(server);
	host_finish(&host);
	return code;
}
