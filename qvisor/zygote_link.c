/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/zygote_link.h"

#include <gio/gio.h>
#include <glib-unix.h>
#include <unistd.h>

#include "common/descriptor.h"
#include "common/error.h"
#include "qvisor/qemu_process.h"

#define DEADLINE_S 10 /* of one request; it takes some 20 ms */

struct request {
	struct zygote_request message;
	int fds[GIVEN_COUNT];
	zygote_answer_fn answer;
	void *data;
};

struct zygote_link {
	int socket;
	const char *launcher; /* who may end what is forked; NULL: we may */
	guint watch, deadline;
	GQueue requests; /* struct request *; the first one has been sent */
	void (*lost)(void *data, const GError *error);
	void *data;
};

static void request_close(struct request *request)
{
	for (unsigned i = 0; i < GIVEN_COUNT; i++) {
		AUTO_FD taken = fd_steal(&request->fds[i]);
		(void)taken;
	}
}

/* Takes it. */
static void request_answer(struct request *taken, pid_t pid, int pidfd, const GError *error)
{
	g_autofree struct request *request = taken;
	request_close(request);
	request->answer(request->data, pid, pidfd, error);
}

static void lose(struct zygote_link *link, int code, const char *why)
{
	g_autoptr(GError) error = g_error_new_literal(QVMI_ERROR, code, why);
	g_clear_handle_id(&link->watch, g_source_remove);
	g_clear_handle_id(&link->deadline, g_source_remove);
	link->lost(link->data, error);
}

static gboolean on_deadline(void *data)
{
	struct zygote_link *link = data;
	link->deadline = 0;
	lose(link, QVMI_ERROR_TIMEOUT, "it does not answer");
	return G_SOURCE_REMOVE;
}

static bool send_message(int socket, struct request *request)
{
	int fds[GIVEN_COUNT];
	unsigned count = 0;
	for (unsigned i = 0; i < GIVEN_COUNT; i++)
		if (request->fds[i] >= 0)
			fds[count++] = request->fds[i];
	return descriptor_send(
	    socket, &request->message, sizeof(request->message), fds, count, NULL);
}

static void send_first(struct zygote_link *link)
{
	struct request *request = g_queue_peek_head(&link->requests);
	if (!request)
		return;
	link->deadline = g_timeout_add_seconds(DEADLINE_S, on_deadline, link);
	if (send_message(link->socket, request))
		request_close(request);
	/* Else it is gone, and the watch says so. */
}

/* Takes the pidfd. */
static void discard(const struct zygote_link *link, pid_t pid, int pidfd)
{
	struct qemu_process *process = qemu_process_watch(pid, pidfd, NULL, NULL);
	process->launcher = link->launcher;
	qemu_process_discard(process);
}

static gboolean on_reply(int fd, GIOCondition condition, void *data)
{
	(void)condition;
	struct zygote_link *link = data;
	struct zygote_reply reply = {.pid = -1};
	AUTO_FD pidfd = -1;
	unsigned fds = 1;
	g_autoptr(GError) failure = NULL;
	ssize_t n = descriptor_receive(fd, &reply, sizeof(reply), &pidfd, &fds, &failure);
	if (n < 0 && g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
		return G_SOURCE_CONTINUE;
	reply.error[sizeof(reply.error) - 1] = 0;
	if (n != sizeof(reply) || g_queue_is_empty(&link->requests)) {
		link->watch = 0;
		lose(link, QVMI_ERROR_UNAVAILABLE, "it has ended");
		return G_SOURCE_REMOVE;
	}
	g_clear_handle_id(&link->deadline, g_source_remove);
	struct request *request = g_queue_pop_head(&link->requests);
	bool forked = request->message.given && pidfd >= 0 && reply.pid > 0;
	g_autoptr(GError) error = NULL;
	if (*reply.error || (request->message.given && !forked))
		error = g_error_new(QVMI_ERROR, QVMI_ERROR_FAILED, "the QEMU cannot be forked: %s",
		    *reply.error ? reply.error : "it has sent no process");
	send_first(link);
	/* It could not become the phone, and has ended. */
	if (error && pidfd >= 0)
		discard(link, reply.pid, fd_steal(&pidfd));
	request_answer(request, error || !forked ? 0 : reply.pid,
	    error || !forked ? -1 : fd_steal(&pidfd), error);
	return G_SOURCE_CONTINUE;
}

struct zygote_link *zygote_link_new(
    int socket, void (*lost)(void *data, const GError *error), void *data)
{
	struct zygote_link *link = g_new0(struct zygote_link, 1);
	*link = (struct zygote_link){.socket = socket, .lost = lost, .data = data};
	g_queue_init(&link->requests);
	g_unix_set_fd_nonblocking(socket, TRUE, NULL); /* our end only */
	link->watch = g_unix_fd_add(socket, G_IO_IN | G_IO_HUP, on_reply, link);
	return link;
}

void zygote_link_set_launcher(struct zygote_link *link, const char *launcher)
{
	link->launcher = launcher;
}

/* A process that was forked and of which nobody has heard yet. */
static void discard_unread(const struct zygote_link *link)
{
	struct zygote_reply reply;
	int pidfd = -1;
	unsigned fds = 1;
	if (descriptor_receive(link->socket, &reply, sizeof(reply), &pidfd, &fds, NULL) ==
	        sizeof(reply) &&
	    pidfd >= 0)
		discard(link, reply.pid, pidfd);
}

void zygote_link_free(struct zygote_link *link)
{
	if (!link)
		return;
	g_autoptr(GError) error = g_error_new_literal(
	    QVMI_ERROR, QVMI_ERROR_CANCELLED, "the QEMU that it was to be forked from ends");
	g_clear_handle_id(&link->watch, g_source_remove);
	g_clear_handle_id(&link->deadline, g_source_remove);
	discard_unread(link);
	while (!g_queue_is_empty(&link->requests))
		request_answer(g_queue_pop_head(&link->requests), 0, -1, error);
	close(link->socket);
	g_free(link);
}

static void push(
    struct zygote_link *link, const char *uuid, const int *fds, zygote_answer_fn answer, void *data)
{
	struct request *request = g_new0(struct request, 1);
	request->answer = answer;
	request->data = data;
	request->message.magic = ZYGOTE_MAGIC;
	g_strlcpy(request->message.uuid, uuid, sizeof(request->message.uuid));
	for (unsigned i = 0; i < GIVEN_COUNT; i++) {
		request->fds[i] = fds ? fds[i] : -1;
		if (request->fds[i] >= 0)
			request->message.given |= 1U << i;
	}
	g_queue_push_tail(&link->requests, request);
	if (g_queue_get_length(&link->requests) == 1)
		send_first(link);
}

void zygote_link_ask(struct zygote_link *link, zygote_answer_fn answer, void *data)
{
	push(link, "", NULL, answer, data);
}

void zygote_link_fork(struct zygote_link *link, const char *uuid, const int fds[static GIVEN_COUNT],
    zygote_answer_fn answer, void *data)
{
	push(link, uuid, fds, answer, data);
}

char *zygote_library(void)
{
	static const char *const places[] = {".", "../lib/qvmi"};
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *folder = self ? g_path_get_dirname(self) : NULL;
	for (unsigned i = 0; folder && i < G_N_ELEMENTS(places); i++) {
		g_autofree char *path =
		    g_build_filename(folder, places[i], "libqvmi-zygote.so", NULL);
		if (g_file_test(path, G_FILE_TEST_IS_REGULAR))
			return g_steal_pointer(&path);
	}
	return NULL;
}
