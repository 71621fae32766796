/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/daemon.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/error.h"
#include "common/log.h"
#include "common/process.h"

#define DESCRIPTORS 16384 /* open files: a listener alone takes 1024 connections */

struct daemon {
	struct config *config;
	GMainLoop *loop;
	int exit_code;
	guint terminate, interrupt;
};

/* sd_notify(3): one datagram to the socket named in the environment; '@' is the abstract space. */
static void notify(const char *state)
{
	const char *path = g_getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, strlen(path));
	if (*path == '@')
		address.sun_path[0] = 0;
	AUTO_FD fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
	                  offsetof(struct sockaddr_un, sun_path) + strlen(path)) < 0)
		g_warning("cannot tell %s that we are at %s", path, state);
}

void daemon_fail(const char *doing, const GError *error)
{
	g_critical("%s: %s", doing, error->message);
	/* Without exit handlers: what the caller holds is not lost, the process is. */
	fflush(NULL);
	_exit(qvmi_error_exit_code(error));
}

const char *daemon_require(const struct config *config, const char *group, const char *key)
{
	const char *value = config_string(config, group, key);
	if (value)
		return value;
	g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_INVALID,
	    "[%s] %s is not set; --help-config explains every key", group, key);
	daemon_fail("reading the configuration", error);
}

static void print_and_exit(char *text)
{
	fputs(text, stdout);
	g_free(text);
	exit(0);
}

struct daemon *daemon_new(
    const char *program, const char *summary, const struct config_key *keys, int argc, char **argv)
{
	char *file = NULL;
	gboolean help_config = FALSE, version = FALSE;
	const GOptionEntry entries[] = {
	    {"config", 'c', 0, G_OPTION_ARG_FILENAME, &file, "Configuration file", "FILE"},
	    {"help-config", 0, 0, G_OPTION_ARG_NONE, &help_config,
	        "Print every key, its default and meaning, as a configuration file", NULL},
	    {"version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version", NULL},
	    {0},
	};
	g_autoptr(GOptionContext) context = g_option_context_new(NULL);
	g_autoptr(GError) error = NULL;

	umask(077);
	signal(SIGPIPE, SIG_IGN);
	process_raise_descriptors(DESCRIPTORS);
	log_init(program);
	g_option_context_set_summary(context, summary);
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) || argc > 1) {
		fprintf(stderr, "%s: %s; see --help\n", program,
		    error ? error->message : "unexpected argument");
		exit(2);
	}
	if (version)
		print_and_exit(g_strdup_printf("%s %s\n", program, QVMI_VERSION));
	if (help_config)
		print_and_exit(config_describe(keys));

	struct daemon *daemon = g_new0(struct daemon, 1);
	daemon->config = config_load(program, keys, file, &error);
	if (!daemon->config)
		daemon_fail("cannot read the configuration", error);
	daemon->loop = g_main_loop_new(NULL, FALSE);
	g_free(file);
	return daemon;
}

const struct config *daemon_config(const struct daemon *daemon)
{
	return daemon->config;
}

static gboolean on_signal(gpointer data)
{
	struct daemon *daemon = data;

	/* Sources stay: a second signal is taken as gracefully as the first. */
	g_main_loop_quit(daemon->loop);
	return G_SOURCE_CONTINUE;
}

bool daemon_listen(const struct config *config, struct http_server *server, GError **error)
{
	const struct http_listen tls = {
	    .address = config_string(config, "listen", "address"),
	    .port = (uint16_t)config_int(config, "listen", "port"),
	    .certificate_file = daemon_require(config, "listen", "certificate"),
	    .key_file = daemon_require(config, "listen", "key"),
	};
	const struct http_listen local = {.unix_path = config_string(config, "listen", "unix")};
	return http_server_listen(server, &tls, error) &&
	       (!local.unix_path || http_server_listen(server, &local, error));
}

int daemon_run(struct daemon *daemon)
{
	daemon->terminate = g_unix_signal_add(SIGTERM, on_signal, daemon);
	daemon->interrupt = g_unix_signal_add(SIGINT, on_signal, daemon);
	notify("READY=1");
	g_main_loop_run(daemon->loop);
	notify("STOPPING=1");
	return daemon->exit_code;
}

void daemon_quit(struct daemon *daemon, int exit_code)
{
	daemon->exit_code = exit_code;
	g_main_loop_quit(daemon->loop);
}

void daemon_free(struct daemon *daemon)
{
	if (!daemon)
		return;
	if (daemon->terminate)
		g_source_remove(daemon->terminate);
	if (daemon->interrupt)
		g_source_remove(daemon->interrupt);
	g_main_loop_unref(daemon->loop);
	config_free(daemon->config);
	g_free(daemon);
}
