/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/realm_pool.h"

#include <glib-unix.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/process.h"

#define CHILD_SOCKET 3
#define MARGIN_MS 200 /* a child that keeps time answers before it would be killed */

struct child {
	struct realm_pool *pool;
	pid_t pid; /* 0: not running */
	int fd;
	guint source;
	struct question *question; /* NULL: idle */
};

struct question {
	struct realm_pool *pool;
	struct realm_request *request;
	int64_t end;
	guint timer;
	struct child *child; /* NULL: waits */
	realm_answered_fn done;
	void *data;
};

struct realm_pool {
	struct realm_options options;
	char *program, *name;
	unsigned n_children, queue_max;
	unsigned hung; /* children killed for being late: the next begins with another server */
	struct child *children;
	GQueue waiting;
};

static void dispatch(struct realm_pool *pool);

static void reaped(GPid pid, gint status, void *data)
{
	(void)status;
	(void)data;
	g_spawn_close_pid(pid);
}

/* The process is no more to be used; its question, if any, is the caller's. */
static void child_end(struct child *child)
{
	g_clear_handle_id(&child->source, g_source_remove);
	if (child->pid > 0) {
		kill(child->pid, SIGKILL);
		g_child_watch_add(child->pid, reaped, NULL);
		close(child->fd);
	}
	child->pid = 0;
	child->question = NULL;
}

static void question_finish(
    struct question *question, const struct realm_answer *answer, const GError *error)
{
	g_clear_handle_id(&question->timer, g_source_remove);
	question->done(error ? NULL : answer, error, question->data);
	realm_request_free(question->request);
	g_free(question);
}

static void question_fail(struct question *question, const char *why)
{
	g_warning("%s: %s", question->pool->name, why);
	g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
	    "%s cannot be asked at this moment; try again later", question->pool->name);
	question_finish(question, NULL, error);
}

static gboolean on_end(void *data)
{
	struct question *question = data;
	struct realm_pool *pool = question->pool;
	question->timer = 0;
	if (question->child) {
		pool->hung++;
		child_end(question->child);
		question_fail(question, "no answer in time; its process was ended");
	} else {
		g_queue_remove(&pool->waiting, question);
		question_fail(question, "too many wait for an answer");
	}
	dispatch(pool);
	return G_SOURCE_REMOVE;
}

static gboolean on_readable(int fd, GIOCondition condition, void *data)
{
	(void)condition;
	struct child *child = data;
	struct realm_pool *pool = child->pool;
	g_autoptr(GError) error = NULL;
	AUTO(realm_answer) answer = realm_answer_receive(fd, &error);
	struct question *question = child->question;
	child->question = NULL;
	if (!answer || !question)
		child_end(child);
	if (!question) {
		g_warning("%s: its process ended: %s", pool->name,
		    error ? error->message : "see its own message");
		return G_SOURCE_REMOVE;
	}
	if (!answer)
		question_fail(question, error ? error->message : "its process ended");
	else if (answer->outcome == REALM_UNAVAILABLE)
		question_fail(question, answer->detail);
	else
		question_finish(question, answer, NULL);
	dispatch(pool);
	return answer ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static bool child_start(struct child *child, GError **error)
{
	struct realm_pool *pool = child->pool;
	int fds[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return qvmi_error_set_errno(error, errno, "socketpair");
	g_free(pool->options.first);
	pool->options.first = g_strdup_printf("%u", pool->hung);
	g_auto(GStrv) argv = realm_options_to_argv(&pool->options, pool->program);
	const struct process_fd passed = {.parent_fd = fds[1], .child_fd = CHILD_SOCKET};
	const struct process_spawn spawn = {
	    .argv = (const char *const *)argv,
	    .fds = &passed,
	    .n_fds = 1,
	    .stdin_fd = -1,
	    .stdout_fd = -1,
	    .stderr_fd = -1,
	    .death_signal = SIGKILL,
	};
	child->pid = process_spawn(&spawn, error);
	close(fds[1]);
	if (child->pid < 0) {
		child->pid = 0;
		close(fds[0]);
		return false;
	}
	child->fd = fds[0];
	child->source = g_unix_fd_add(child->fd, G_IO_IN | G_IO_HUP, on_readable, child);
	return true;
}

static void child_ask(struct child *child, struct question *question)
{
	g_autoptr(GError) error = NULL;
	int64_t left_ms = (question->end - g_get_monotonic_time()) / 1000;
	question->request->timeout_ms = (unsigned)MAX(left_ms - MARGIN_MS, 1);
	if ((!child->pid && !child_start(child, &error)) ||
	    !realm_request_send(child->fd, question->request, &error)) {
		child_end(child);
		question_fail(question, error->message);
		return;
	}
	child->question = question;
	question->child = child;
}

static struct child *find_idle(struct realm_pool *pool)
{
	struct child *idle = NULL;
	for (unsigned i = 0; i < pool->n_children; i++) {
		struct child *child = &pool->children[i];
		if (!child->question && (!idle || (child->pid && !idle->pid)))
			idle = child;
	}
	return idle;
}

static void dispatch(struct realm_pool *pool)
{
	struct child *child;
	while (pool->waiting.head && (child = find_idle(pool)))
		child_ask(child, g_queue_pop_head(&pool->waiting));
}

static gboolean dispatch_later(void *data)
{
	dispatch(data);
	return G_SOURCE_REMOVE;
}

bool realm_pool_ask(struct realm_pool *pool, struct realm_request *request, int64_t end,
    realm_answered_fn done, void *data, GError **error)
{
	if (pool->waiting.length >= pool->queue_max) {
		realm_request_free(request);
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "too many people wait for %s at this moment; try again in a few seconds",
		    pool->name);
		return false;
	}
	struct question *question = g_new0(struct question, 1);
	question->pool = pool;
	question->request = request;
	question->end = end;
	question->done = done;
	question->data = data;
	int64_t left_ms = MAX((end - g_get_monotonic_time()) / 1000, 0);
	question->timer = g_timeout_add((guint)left_ms, on_end, question);
	g_queue_push_tail(&pool->waiting, question);
	/* A failure is told by the callback, and that not from within this call. */
	g_idle_add_full(G_PRIORITY_DEFAULT, dispatch_later, pool, NULL);
	return true;
}

struct realm_pool *realm_pool_new(const struct realm_pool_options *options)
{
	struct realm_pool *pool = g_new0(struct realm_pool, 1);
	realm_options_copy(&pool->options, options->realm);
	pool->program = g_strdup(options->program);
	pool->name = g_strdup(options->name);
	pool->n_children = options->children;
	pool->queue_max = options->queue;
	pool->children = g_new0(struct child, options->children);
	for (unsigned i = 0; i < pool->n_children; i++)
		pool->children[i].pool = pool;
	g_queue_init(&pool->waiting);
	return pool;
}

void realm_pool_free(struct realm_pool *pool)
{
	if (!pool)
		return;
	g_autoptr(GError) error =
	    g_error_new(QVMI_ERROR, QVMI_ERROR_CANCELLED, "the broker is being stopped");
	while (g_idle_remove_by_data(pool))
		continue;
	for (unsigned i = 0; i < pool->n_children; i++) {
		struct child *child = &pool->children[i];
		struct question *question = child->question;
		pid_t pid = child->pid;
		child_end(child);
		if (pid)
			waitpid(pid, NULL, 0);
		if (question)
			question_finish(question, NULL, error);
	}
	while (pool->waiting.head)
		question_finish(g_queue_pop_head(&pool->waiting), NULL, error);
	realm_options_clear(&pool->options);
	g_free(pool->children);
	g_free(pool->program);
	g_free(pool->name);
	g_free(pool);
}
