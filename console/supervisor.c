/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/process.h"
#include "console/log_tail.h"
#include "console/notify.h"

#define DELAY_FIRST_MS 500
#define DELAY_MAX_MS 30000
#define SETTLED_S 60 /* of running, and the next delay is the first again */
#define LOG_KEEP (4 * 1024 * 1024)

enum state { IDLE, STARTING, RUNNING };

struct service {
	struct supervisor *supervisor;
	char *name, *log_file;
	char **argv;
	enum state state;
	pid_t pid;
	int status; /* of its last end, as waitpid(2) has it */
	gint64 ready_since;
	unsigned delay_ms;
	guint watch, restart;
};

struct supervisor {
	struct notify *notify;
	char *notify_path, *log_folder;
	GCancellable *cancellable;
	void (*changed)(void *data);
	void *data;
	GPtrArray *services; /* in order of start */
	bool stopping;
};

static void on_restart_due(struct service *service);

static void service_free(struct service *service)
{
	if (service->watch)
		g_source_remove(service->watch);
	if (service->restart)
		g_source_remove(service->restart);
	g_strfreev(service->argv);
	g_free(service->name);
	g_free(service->log_file);
	g_free(service);
}

/* "ended with exit code 3", "was ended by signal 9" */
static char *end_text(int status)
{
	if (WIFSIGNALED(status))
		return g_strdup_printf(
		    "was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	return g_strdup_printf("ended with exit code %d", WEXITSTATUS(status));
}

/* --- life of one service --- */

static gboolean restart_due(gpointer data)
{
	struct service *service = data;

	service->restart = 0;
	on_restart_due(service);
	return G_SOURCE_REMOVE;
}

static void plan_restart(struct service *service)
{
	g_autofree char *how = end_text(service->status);

	if (service->ready_since &&
	    g_get_monotonic_time() - service->ready_since > SETTLED_S * G_USEC_PER_SEC)
		service->delay_ms = DELAY_FIRST_MS;
	g_warning("%s %s; starting it again in %.1f s (its log: %s)", service->name, how,
	    service->delay_ms / 1000.0, service->log_file);
	service->restart = g_timeout_add(service->delay_ms, restart_due, service);
	service->delay_ms = MIN(service->delay_ms * 2, DELAY_MAX_MS);
}

static void on_end(GPid pid, gint status, gpointer data)
{
	struct service *service = data;
	bool ran = service->state == RUNNING;
	(void)pid;

	service->watch = 0;
	service->pid = 0;
	service->state = IDLE;
	service->status = status;
	if (ran && !service->supervisor->stopping)
		plan_restart(service);
}

static void on_ready(pid_t pid, void *data)
{
	struct supervisor *supervisor = data;

	for (unsigned i = 0; i < supervisor->services->len; i++) {
		struct service *service = g_ptr_array_index(supervisor->services, i);
		if (service->pid != pid || service->state != STARTING)
			continue;
		service->state = RUNNING;
		service->ready_since = g_get_monotonic_time();
	}
}

static int open_log(const struct service *service, GError **error)
{
	struct stat status;

	if (stat(service->log_file, &status) == 0 && status.st_size > LOG_KEEP) {
		g_autofree char *old = g_strconcat(service->log_file, ".1", NULL);
		rename(service->log_file, old);
	}
	int fd = open(service->log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot write %s: %s",
		    service->log_file, g_strerror(errno));
	return fd;
}

static bool spawn(struct service *service, GError **error)
{
	g_auto(GStrv) environment = g_environ_setenv(
	    g_get_environ(), "NOTIFY_SOCKET", service->supervisor->notify_path, TRUE);
	AUTO_FD log = open_log(service, error);
	if (log < 0)
		return false;
	struct process_spawn child = {
	    .argv = (const char *const *)service->argv,
	    .environment = (const char *const *)environment,
	    .stdin_fd = -1,
	    .stdout_fd = log,
	    .stderr_fd = log,
	    .new_session = true, /* Ctrl-C is for us: we end them in order */
	    .death_signal = SIGTERM,
	};

	service->pid = process_spawn(&child, error);
	if (service->pid < 0) {
		service->pid = 0;
		return false;
	}
	service->state = STARTING;
	service->ready_since = 0;
	service->watch = g_child_watch_add(service->pid, on_end, service);
	return true;
}

static gboolean on_tick(gpointer data)
{
	*(bool *)data = true;
	return G_SOURCE_CONTINUE;
}

/* Runs the main context until the service is in another state than `state` or the time is over. */
static void wait_while(const struct service *service, enum state state, unsigned ms)
{
	gint64 until = g_get_monotonic_time() + (gint64)ms * 1000;
	bool tick = false;
	guint timer = g_timeout_add(50, on_tick, &tick);

	while (service->state == state && g_get_monotonic_time() < until &&
	       (service->supervisor->stopping ||
	           !g_cancellable_is_cancelled(service->supervisor->cancellable)))
		g_main_context_iteration(NULL, TRUE);
	g_source_remove(timer);
}

/* A restart that does not get ready just stays: its next end starts it again. */
static void on_restart_due(struct service *service)
{
	g_autoptr(GError) error = NULL;

	if (!spawn(service, &error)) {
		g_warning("%s", error->message);
		service->restart = g_timeout_add(DELAY_MAX_MS, restart_due, service);
		return;
	}
	/* From now on its end is one of a running service. */
	service->state = RUNNING;
	service->ready_since = g_get_monotonic_time();
	if (service->supervisor->changed)
		service->supervisor->changed(service->supervisor->data);
}

static void stop(struct service *service, unsigned grace_ms)
{
	if (service->restart)
		g_source_remove(service->restart);
	service->restart = 0;
	if (service->pid == 0)
		return;
	enum state state = service->state;
	kill(service->pid, SIGTERM); /* not reaped yet: the pid is still its own */
	wait_while(service, state, grace_ms);
	if (service->pid == 0)
		return;
	g_warning("%s does not end; killing it", service->name);
	kill(service->pid, SIGKILL);
	wait_while(service, state, 5000);
}

static bool start_failed(struct service *service, unsigned timeout_s, GError **error)
{
	g_autofree char *tail = log_tail(service->log_file, 12);
	g_autofree char *how = NULL;

	if (g_cancellable_set_error_if_cancelled(service->supervisor->cancellable, error))
		return false;
	if (service->pid)
		how = g_strdup_printf("was not ready within %u s", timeout_s);
	else
		how = end_text(service->status);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "%s %s. The last lines of %s:\n%s",
	    service->name, how, service->log_file, tail);
	return false;
}

/* --- interface --- */

struct supervisor *supervisor_new(const struct supervisor_options *options, GError **error)
{
	struct supervisor *supervisor = g_new0(struct supervisor, 1);

	supervisor->services = g_ptr_array_new();
	supervisor->notify_path = g_strdup(options->notify_path);
	supervisor->log_folder = g_strdup(options->log_folder);
	supervisor->cancellable = options->cancellable;
	supervisor->changed = options->changed;
	supervisor->data = options->data;
	supervisor->notify = notify_new(options->notify_path, on_ready, supervisor, error);
	if (!supervisor->notify) {
		supervisor_free(supervisor);
		return NULL;
	}
	return supervisor;
}

void supervisor_free(struct supervisor *supervisor)
{
	if (!supervisor)
		return;
	supervisor_stop(supervisor, 5000);
	for (unsigned i = 0; i < supervisor->services->len; i++)
		service_free(g_ptr_array_index(supervisor->services, i));
	g_ptr_array_unref(supervisor->services);
	notify_free(supervisor->notify);
	g_free(supervisor->notify_path);
	g_free(supervisor->log_folder);
	g_free(supervisor);
}

bool supervisor_start(struct supervisor *supervisor, const char *name, const char *const *argv,
    unsigned timeout_s, GError **error)
{
	struct service *service = g_new0(struct service, 1);

	service->supervisor = supervisor;
	service->name = g_strdup(name);
	service->log_file = g_strdup_printf("%s/%s.log", supervisor->log_folder, name);
	service->argv = g_strdupv((char **)argv);
	service->delay_ms = DELAY_FIRST_MS;
	g_ptr_array_add(supervisor->services, service);
	if (!spawn(service, error))
		return false;
	wait_while(service, STARTING, timeout_s * 1000);
	return service->state == RUNNING || start_failed(service, timeout_s, error);
}

void supervisor_stop(struct supervisor *supervisor, unsigned grace_ms)
{
	supervisor->stopping = true;
	for (unsigned i = supervisor->services->len; i > 0; i--)
		stop(g_ptr_array_index(supervisor->services, i - 1), grace_ms);
}

pid_t supervisor_pid(const struct supervisor *supervisor, const char *name)
{
	for (unsigned i = 0; i < supervisor->services->len; i++) {
		const struct service *service = g_ptr_array_index(supervisor->services, i);
		if (g_str_equal(service->name, name))
			return service->pid;
	}
	return 0;
}

void supervisor_each(const struct supervisor *supervisor,
    void (*visit)(const char *name, pid_t pid, void *data), void *data)
{
	for (unsigned i = 0; i < supervisor->services->len; i++) {
		const struct service *service = g_ptr_array_index(supervisor->services, i);
		visit(service->name, service->pid, data);
	}
}
