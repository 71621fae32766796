/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lock -> leftovers of a run that did not end by itself -> ports -> keys and configuration ->
 * daemons, each when the one before is ready -> host, template, pool, accounts -> until Ctrl-C or
 * SIGTERM -> phones -> daemons -> run folder.
 *
 * From the first daemon on every way out, also that of an error, goes through the end.
 */
#include "console/up.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/process.h"
#include "console/supervisor.h"
#include "console/up_config.h"
#include "console/up_end.h"
#include "console/up_layout.h"
#include "console/up_provision.h"
#include "console/up_summary.h"

#define PORTS_DEFAULT 8440
#define READY_S 60 /* qvisord may have to probe accelerators first */
#define GRACE_MS 10000
#define CLIENT_GRACE_MS 2000

struct up {
	struct cli *cli;
	struct up_layout *layout;
	struct up_options options;
	struct supervisor *supervisor;
	struct http_client *pool, *broker, *qvisord;
	char *manifest;
	bool fresh, hurry;
	guint client_watch;
	pid_t client; /* 0: none */
};

/* In the order of start: each needs those before it. */
static const char *const daemons[] = {"qvisord", "mtpd", "poold", "brokerd", "consoled"};

static const struct cli_option up_cli_options[] = {
    {"state", "FOLDER", "Where it keeps its state (default: ~/.local/state/qvmi)"},
    {"manifest", "FILE", "Manifest of the phone image to make the template from"},
    {"cache", "FOLDER", "Where templates are kept (default: ~/.cache/qvmi/templates)"},
    {"bind", "ADDRESS", "Address that clients come to; 0.0.0.0: every (default: 127.0.0.1)"},
    {"ports", "BASE", "First of ten ports (default: 8440, so that sign-in is at 8443)"},
    {"accelerator", "NAME", "auto, kvm or tcg (default: auto, which probes)"},
    {"small", NULL, "One phone in reserve instead of two"},
    {"fresh", NULL, "Phones are new at each start, and destroyed at the end"},
    {"volumes", NULL, "Each user's files are on a volume of their own, in every phone they get"},
    {"client", NULL, "Open the desktop client, when there is a display"},
    {0},
};

/* --- start --- */

static void on_changed(void *data)
{
	struct up *up = data;
	g_autoptr(GError) error = NULL;

	if (!up_summary_store(up->layout, &up->options, up->supervisor, &error))
		g_warning("%s", error->message);
}

static bool check_programs(const struct up *up, GError **error)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(daemons); i++) {
		g_autofree char *program = up_layout_program(up->layout, daemons[i]);
		if (access(program, X_OK) == 0)
			continue;
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "%s is not there; build or install QVMI completely (`make`)", program);
		return false;
	}
	return true;
}

static bool start_daemon(struct up *up, const char *name, GError **error)
{
	g_autofree char *program = up_layout_program(up->layout, name);
	g_autofree char *config = up_config_file(up->layout, name);
	const char *const argv[] = {program, "--config", config, NULL};
	gint64 started = g_get_monotonic_time();

	if (!supervisor_start(up->supervisor, name, argv, READY_S, error) ||
	    !up_summary_store(up->layout, &up->options, up->supervisor, error))
		return false;
	fprintf(stderr, "%s: ready (%.1f s)\n", name,
	    (g_get_monotonic_time() - started) / (double)G_USEC_PER_SEC);
	return true;
}

static struct http_client *connect_to(struct up *up, const char *name, GError **error)
{
	g_autofree char *url = up_layout_url(up->layout, name);
	const struct http_client_options options = {.base_url = url, .name = name};

	return http_client_new(&options, error);
}

static bool start_daemons(struct up *up, GError **error)
{
	g_autofree char *notify = up_layout_socket(up->layout, "notify");
	g_autofree char *log = up_layout_state_file(up->layout, "log");
	const struct supervisor_options options = {
	    .notify_path = notify,
	    .log_folder = log,
	    .cancellable = cli_cancellable(up->cli),
	    .changed = on_changed,
	    .data = up,
	};

	up->supervisor = supervisor_new(&options, error);
	if (!up->supervisor)
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(daemons); i++)
		if (!start_daemon(up, daemons[i], error))
			return false;
	up->pool = connect_to(up, "poold", error);
	up->broker = connect_to(up, "brokerd", error);
	up->qvisord = connect_to(up, "qvisord", error);
	return up->pool && up->broker && up->qvisord;
}

static bool provision(struct up *up, GError **error)
{
	const struct up_provision all = {
	    .pool = up->pool,
	    .broker = up->broker,
	    .layout = up->layout,
	    .options = &up->options,
	    .manifest = up->manifest,
	    .volatile_phones = up->fresh,
	    .cancellable = cli_cancellable(up->cli),
	};

	if (up->fresh)
		up_end_leases(up->pool);
	return up_provision(&all, error);
}

/* --- the client --- */

static void on_client_end(GPid pid, gint status, gpointer data)
{
	struct up *up = data;
	(void)pid;

	up->client_watch = 0;
	up->client = 0;
	if (status != 0)
		g_warning("the client has ended with an error; everything else still runs");
	else
		g_message("the client has ended; the phone still runs, Ctrl-C ends everything");
}

static void start_client(struct up *up)
{
	g_autofree char *program = up_layout_program(up->layout, "mtp-client");
	g_autofree char *broker = up_address(&up->options, UP_PORT_BROKER);
	g_autofree char *ca = up_layout_state_file(up->layout, "pki/ca.pem");
	g_autofree char *password = up_password_file(up->layout, UP_USER);
	g_autoptr(GError) error = NULL;
	const char *const argv[] = {
	    program, broker, "--user", UP_USER, "--ca-file", ca, "--password-file", password, NULL};
	const struct process_spawn child = {.argv = argv,
	    .stdin_fd = -1,
	    .stdout_fd = -1,
	    .stderr_fd = -1,
	    .new_session = true,
	    .death_signal = SIGTERM};

	if (!g_getenv("DISPLAY") && !g_getenv("WAYLAND_DISPLAY")) {
		fprintf(stderr, "There is no display for the desktop client; use the browser.\n");
		return;
	}
	pid_t pid = process_spawn(&child, &error);
	if (pid < 0) {
		g_warning("the client: %s", error->message);
		return;
	}
	up->client = pid;
	up->client_watch = g_child_watch_add(pid, on_client_end, up);
}

/* --- end --- */

static gboolean on_signal_while_ending(gpointer data)
{
	*(bool *)data = true;
	return G_SOURCE_CONTINUE;
}

static void end(struct up *up)
{
	/* The cli's own handler only cancels, what has happened: a second signal is ours. */
	guint again = g_unix_signal_add(SIGINT, on_signal_while_ending, &up->hurry);

	if (up->client_watch)
		g_source_remove(up->client_watch);
	if (up->client)
		process_end(up->client, process_start_time(up->client), CLIENT_GRACE_MS);
	if (up->pool && supervisor_pid(up->supervisor, "poold")) {
		const struct up_end all = {
		    .pool = up->pool,
		    .broker = up->broker,
		    .fresh = up->fresh,
		    .in_a_hurry = &up->hurry,
		};
		fprintf(stderr, "Ending: phones, then daemons.\n");
		up_end_phones(&all);
	}
	if (up->qvisord && supervisor_pid(up->supervisor, "qvisord"))
		up_end_rest(up->qvisord);
	if (up->supervisor)
		supervisor_stop(up->supervisor, GRACE_MS);
	g_source_remove(again);
}

static void run(struct up *up)
{
	while (!g_cancellable_is_cancelled(cli_cancellable(up->cli)))
		g_main_context_iteration(NULL, TRUE);
}

/* --- options --- */

static bool read_options(struct up *up, GError **error)
{
	const char *manifest = cli_option(up->cli, "manifest");
	const char *bind = cli_option(up->cli, "bind");
	const char *accelerator = cli_option(up->cli, "accelerator");
	long ports;

	if (!cli_option_int(up->cli, "ports", 1024, 65000, PORTS_DEFAULT, &ports, error))
		return false;
	up->options = (struct up_options){
	    .bind = bind ? bind : "127.0.0.1",
	    .ports = (unsigned)ports,
	    .accelerator = accelerator ? accelerator : "auto",
	    .small = cli_option(up->cli, "small") != NULL,
	    .volumes = cli_option(up->cli, "volumes") != NULL,
	};
	up->fresh = cli_option(up->cli, "fresh") != NULL;
	if (!manifest)
		return true;
	up->manifest = g_canonicalize_filename(manifest, NULL);
	if (access(up->manifest, R_OK) == 0)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
	    "cannot read %s; `deploy/image/build-phone` makes a phone image and prints its folder",
	    up->manifest);
	return false;
}

static bool start(struct up *up, GError **error)
{
	if (!check_programs(up, error) || !up_layout_prepare(up->layout, error))
		return false;
	up_summary_end_leftovers(up->layout);
	up_layout_clear_run(up->layout);
	return up_layout_prepare_run(up->layout, error) &&
	       up_config_check_ports(&up->options, error) &&
	       up_config_write(up->layout, &up->options, error) && start_daemons(up, error) &&
	       provision(up, error);
}

static bool up_run(struct cli *cli, GError **error)
{
	struct up up = {.cli = cli};
	g_autoptr(GError) wrong = NULL;
	const char *state = cli_option(cli, "state");

	up.layout = up_layout_new(state ? state : g_getenv("QVMI_STATE"), cli_option(cli, "cache"));
	if (read_options(&up, &wrong) && start(&up, &wrong)) {
		up_summary_print(up.layout, &up.options);
		if (cli_option(cli, "client"))
			start_client(&up);
		run(&up);
	}
	end(&up);
	http_client_free(up.pool);
	http_client_free(up.broker);
	http_client_free(up.qvisord);
	supervisor_free(up.supervisor);
	if (up.layout->lock >= 0)
		up_layout_clear_run(up.layout);
	up_layout_free(up.layout);
	g_free(up.manifest);
	/* Ctrl-C is how it ends, also while starting. */
	if (wrong && !g_cancellable_is_cancelled(cli_cancellable(cli))) {
		g_propagate_error(error, g_steal_pointer(&wrong));
		return false;
	}
	return true;
}

const struct cli_verb up_verbs[] = {
    {NULL, "", 0, 0,
        "Starts all daemons on this machine, makes the template where it is missing, a pool of "
        "phones\n      and the accounts \"demo\" and \"admin\", tells how to connect, and runs "
        "until "
        "Ctrl-C.",
        up_cli_options, up_run},
    {0},
};
