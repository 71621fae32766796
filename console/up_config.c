/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/up_config.h"

#include <errno.h>
#include <gio/gio.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "common/grant.h"
#include "common/pki.h"

static const struct {
	enum up_port offset;
	const char *what;
} ports[] = {
    {UP_PORT_BROKER, "sign-in"},
    {UP_PORT_MTP, "phones' screens"},
    {UP_PORT_WEBSOCKET, "phones' screens in browsers"},
    {UP_PORT_CONSOLE, "administration"},
    {UP_PORT_QVISORD, "the host's API"},
};

static bool port_is_free(const char *bind_address, unsigned port, GError **error)
{
	g_autoptr(GSocketAddress) address =
	    g_inet_socket_address_new_from_string(bind_address, port);
	g_autoptr(GSocket) probe = NULL;

	if (!address) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "--bind: \"%s\" is not an IP address", bind_address);
		return false;
	}
	probe = g_socket_new(g_socket_address_get_family(address), G_SOCKET_TYPE_STREAM,
	    G_SOCKET_PROTOCOL_TCP, error);
	/* TRUE: SO_REUSEADDR, as the daemons have it: an ended connection's rest does not count. */
	return probe && g_socket_bind(probe, address, TRUE, error) && g_socket_listen(probe, error);
}

bool up_config_check_ports(const struct up_options *options, GError **error)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(ports); i++) {
		g_autoptr(GError) wrong = NULL;
		unsigned port = options->ports + ports[i].offset;
		if (port_is_free(options->bind, port, &wrong))
			continue;
		if (g_error_matches(wrong, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE))
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
			    "port %u on %s (for %s) is taken by another program; end that one, or "
			    "choose other ports with --ports BASE (now %u)",
			    port, options->bind, ports[i].what, options->ports);
		else
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "cannot use port %u on %s (for %s; see --bind and --ports): %s", port,
			    options->bind, ports[i].what, wrong->message);
		return false;
	}
	return true;
}

char *up_config_file(const struct up_layout *layout, const char *daemon)
{
	return g_strdup_printf("%s/etc/%s.conf", layout->state, daemon);
}

/* --- keys and certificates --- */

/* The names under which a terminal can reach this machine. */
static char **host_names(const char *bind_address)
{
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(bind_address);
	struct ifaddrs *all = NULL;
	char text[NI_MAXHOST];

	g_strv_builder_add_many(names, "localhost", "127.0.0.1", "::1", g_get_host_name(), NULL);
	if (address && !g_inet_address_get_is_any(address) &&
	    !g_inet_address_get_is_loopback(address))
		g_strv_builder_add(names, bind_address);
	if (address && g_inet_address_get_is_any(address) && getifaddrs(&all) == 0) {
		for (struct ifaddrs *one = all; one; one = one->ifa_next) {
			int family = one->ifa_addr ? one->ifa_addr->sa_family : AF_UNSPEC;
			socklen_t n = family == AF_INET ? sizeof(struct sockaddr_in)
			                                : sizeof(struct sockaddr_in6);
			if ((family != AF_INET && family != AF_INET6) ||
			    getnameinfo(one->ifa_addr, n, text, sizeof(text), NULL, 0,
			        NI_NUMERICHOST) != 0 ||
			    strchr(text, '%') || g_str_equal(text, "127.0.0.1") ||
			    g_str_equal(text, "::1"))
				continue; /* link-local ones are of no use in a certificate */
			g_strv_builder_add(names, text);
		}
		freeifaddrs(all);
	}
	return g_strv_builder_end(names);
}

static bool make_keys(
    const struct up_layout *layout, const struct up_options *options, GError **error)
{
	g_autofree char *pki = up_layout_state_file(layout, "pki");
	g_autofree char *private_key = up_layout_state_file(layout, "pki/grant.key");
	g_autofree char *public_key = up_layout_state_file(layout, "pki/grant.pub");
	g_auto(GStrv) names = host_names(options->bind);
	const char *const local[] = {"localhost", "127.0.0.1", NULL};

	if (!pki_ensure_authority(pki, error) ||
	    !pki_ensure_certificate(pki, "terminal", (const char *const *)names, error) ||
	    !pki_ensure_certificate(pki, "qvisord", local, error) ||
	    !pki_ensure_certificate(pki, "poold", local, error))
		return false;
	if (access(private_key, R_OK) == 0 && access(public_key, R_OK) == 0)
		return true;
	return grant_key_generate(private_key, public_key, error);
}

/* --- files --- */

struct file {
	const struct up_layout *layout;
	GKeyFile *keys;
};

static void set(struct file *file, const char *group, const char *key, const char *value)
{
	if (value)
		g_key_file_set_string(file->keys, group, key, value);
}

static void set_int(struct file *file, const char *group, const char *key, unsigned value)
{
	g_key_file_set_uint64(file->keys, group, key, value);
}

static void set_state(struct file *file, const char *group, const char *key, const char *name)
{
	g_autofree char *path = up_layout_state_file(file->layout, name);
	set(file, group, key, path);
}

static void set_socket(struct file *file, const char *group, const char *key, const char *name)
{
	g_autofree char *path = up_layout_socket(file->layout, name);
	set(file, group, key, path);
}

static void set_url(struct file *file, const char *group, const char *key, const char *name)
{
	g_autofree char *url = up_layout_url(file->layout, name);
	set(file, group, key, url);
}

static void set_terminal_certificate(struct file *file)
{
	set_state(file, "listen", "certificate", "pki/terminal.pem");
	set_state(file, "listen", "key", "pki/terminal.key");
}

static void fill_qvisord(struct file *file, const struct up_options *options)
{
	set(file, "host", "id", "host-1");
	set_state(file, "host", "state-folder", "host");
	set(file, "host", "run-folder", file->layout->run);
	set_state(file, "host", "volume-folder", "volumes");
	set(file, "host", "template-folder", file->layout->cache);
	set(file, "host", "accelerator", options->accelerator);
	set_socket(file, "listen", "unix", "qvisord");
	set_socket(file, "listen", "display", "display");
	set(file, "listen", "tls-address", options->bind);
	set_int(file, "listen", "tls-port", options->ports + UP_PORT_QVISORD);
	set_state(file, "listen", "certificate", "pki/qvisord.pem");
	set_state(file, "listen", "key", "pki/qvisord.key");
	set_state(file, "listen", "client-ca", "pki/ca.pem");
}

static void fill_mtpd(struct file *file, const struct up_options *options)
{
	set(file, "host", "id", "host-1");
	set_state(file, "grant", "public-key", "pki/grant.pub");
	set_state(file, "grant", "used", "used-grants");
	set_socket(file, "display", "socket", "display");
	set(file, "listen", "address", options->bind);
	set_int(file, "listen", "port", options->ports + UP_PORT_MTP);
	set_int(file, "listen", "websocket-port", options->ports + UP_PORT_WEBSOCKET);
	set_terminal_certificate(file);
	set_socket(file, "listen", "unix", "mtpd");
}

static void fill_poold(struct file *file, const struct up_options *options)
{
	(void)options;
	set_state(file, "database", "path", "poold.sqlite");
	set_socket(file, "listen", "unix", "poold");
	set(file, "rules", "folder", file->layout->rules);
}

static void fill_brokerd(struct file *file, const struct up_options *options)
{
	set_state(file, "database", "path", "brokerd.sqlite");
	set(file, "listen", "address", options->bind);
	set_int(file, "listen", "port", options->ports + UP_PORT_BROKER);
	set_terminal_certificate(file);
	set_socket(file, "listen", "unix", "brokerd");
	set(file, "listen", "web-folder", file->layout->web_client);
	set_state(file, "grant", "private-key", "pki/grant.key");
	set_url(file, "pool", "url", "poold");
}

static void fill_consoled(struct file *file, const struct up_options *options)
{
	set(file, "listen", "address", options->bind);
	set_int(file, "listen", "port", options->ports + UP_PORT_CONSOLE);
	set_terminal_certificate(file);
	set(file, "listen", "web-folder", file->layout->web_console);
	set_url(file, "broker", "url", "brokerd");
	set_url(file, "pool", "url", "poold");
}

static const struct {
	const char *daemon;
	void (*fill)(struct file *file, const struct up_options *options);
} daemons[] = {
    {"qvisord", fill_qvisord},
    {"mtpd", fill_mtpd},
    {"poold", fill_poold},
    {"brokerd", fill_brokerd},
    {"consoled", fill_consoled},
};

bool up_config_write(
    const struct up_layout *layout, const struct up_options *options, GError **error)
{
	static const char head[] = "# Written by `qvmi up` at each start; changes are lost.\n\n";

	if (!make_keys(layout, options, error))
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(daemons); i++) {
		g_autoptr(GKeyFile) keys = g_key_file_new();
		struct file file = {.layout = layout, .keys = keys};
		daemons[i].fill(&file, options);
		g_autofree char *text = g_key_file_to_data(keys, NULL, NULL);
		g_autofree char *whole = g_strconcat(head, text, NULL);
		g_autofree char *path = up_config_file(layout, daemons[i].daemon);
		if (!file_store(path, whole, strlen(whole), 0600, error))
			return false;
	}
	return true;
}
