/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library that a QEMU is started with (LD_PRELOAD). It sleeps until qvisord asks, by its socket,
 * for a fork of this QEMU, whose guest is stopped: the child is a phone of its own, with the
 * guest's memory, the devices' state and the translated code of this one, all shared until written
 * to. See qvisor/zygote/README.md.
 */
#include <fcntl.h>
#include <glib-unix.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qvisor/zygote/descriptors.h"
#include "qvisor/zygote/give_back.h"
#include "qvisor/zygote/guest_memory.h"
#include "qvisor/zygote/identity.h"
#include "qvisor/zygote/mappings.h"
#include "qvisor/zygote/request.h"
#include "qvisor/zygote/rights.h"
#include "qvisor/zygote/sandbox.h"
#include "qvisor/zygote/threads.h"

static int control = -1, proc = -1;

struct message {
	struct zygote_request request;
	int fds[GIVEN_COUNT]; /* by enum zygote_given; -1: not given */
	bool valid;
};

/* --- the socket --- */

union control_data {
	struct cmsghdr header;
	char space[CMSG_SPACE(GIVEN_COUNT * sizeof(int))];
};

/* Puts what came where it belongs; what there are too many of is closed. */
static void take_descriptors(struct message *message, struct msghdr *header)
{
	const struct cmsghdr *one = CMSG_FIRSTHDR(header);
	int fds[GIVEN_COUNT];
	unsigned count = 0, used = 0;
	if (one && one->cmsg_level == SOL_SOCKET && one->cmsg_type == SCM_RIGHTS) {
		count = (unsigned)((one->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(one), count * sizeof(int));
	}
	for (unsigned i = 0; i < GIVEN_COUNT; i++)
		message->fds[i] =
		    message->request.given & (1U << i) && used < count ? fds[used++] : -1;
	while (used < count)
		close(fds[used++]);
}

/* False at its end. */
static bool receive(struct message *message)
{
	union control_data data;
	struct iovec part = {&message->request, sizeof(message->request)};
	struct msghdr header = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &data,
	    .msg_controllen = sizeof(data)};
	*message = (struct message){0};
	ssize_t n = recvmsg(control, &header, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return false;
	take_descriptors(message, &header);
	message->request.uuid[sizeof(message->request.uuid) - 1] = 0;
	message->valid = n == sizeof(message->request) && message->request.magic == ZYGOTE_MAGIC;
	return true;
}

static void message_close(const struct message *message)
{
	for (unsigned i = 0; i < GIVEN_COUNT; i++)
		if (message->fds[i] >= 0)
			close(message->fds[i]);
}

static void answer(const struct zygote_reply *reply, int pidfd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} data = {.header = {.cmsg_level = SOL_SOCKET,
	              .cmsg_type = SCM_RIGHTS,
	              .cmsg_len = CMSG_LEN(sizeof(int))}};
	struct iovec part = {(void *)reply, sizeof(*reply)};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	if (pidfd >= 0) {
		memcpy(CMSG_DATA(&data.header), &pidfd, sizeof(pidfd));
		header.msg_control = &data;
		header.msg_controllen = sizeof(data.space);
	}
	sendmsg(control, &header, MSG_NOSIGNAL);
}

/* --- the fork --- */

static bool guest_runs(void)
{
	bool (*runs)(void) = (bool (*)(void))dlsym(RTLD_DEFAULT, "runstate_is_running");
	return !runs || runs();
}

/* Says how it went, by a pipe that its parent reads: "" when all is well. False: the parent is
 * gone, and nobody knows of us. */
static bool tell(int pipe, const char *wrong)
{
	char text[sizeof(((struct zygote_reply *)0)->error)] = "";
	if (wrong)
		strncpy(text, wrong, sizeof(text) - 1);
	return write(pipe, text, sizeof(text)) == sizeof(text);
}

/* Up to here as the phone: no lock may be taken until the other threads are there, as one of them
 * may hold it. */
static void become(const struct message *message, int pipe)
{
	const char *wrong = mappings_take();
	setsid();
	wrong = wrong ? wrong : descriptors_replace(message->fds);
	wrong = wrong ? wrong : rights_drop();
	wrong = wrong ? wrong : sandbox_enter();
	message_close(message); /* before another thread opens something under their numbers */
	close(control);
	close(proc);
	wrong = wrong ? wrong : threads_revive();
	if (wrong) {
		tell(pipe, wrong);
		_exit(127);
	}
	wrong = identity_take(message->request.uuid);
	if (!tell(pipe, wrong) || wrong)
		_exit(127);
	close(pipe);
	give_back_begin();
}

static const char *check(const struct message *message)
{
	int own[GIVEN_COUNT + 2] = {control, proc};
	memcpy(own + 2, message->fds, sizeof(message->fds));
	if (!message->valid)
		return "the request is none";
	if (guest_runs())
		return "its guest is not stopped";
	const char *wrong = descriptors_survey(proc, own, sizeof(own) / sizeof(own[0]));
	wrong = wrong ? wrong : mappings_survey(proc);
	return wrong ? wrong : guest_memory_share(proc);
}

/* Of a parent: how its child has fared. */
static void read_reply(int pipe, struct zygote_reply *reply)
{
	if (reply->pid < 0)
		strcpy(reply->error, "it cannot be forked");
	else if (read(pipe, reply->error, sizeof(reply->error)) != sizeof(reply->error))
		strcpy(reply->error, "the new QEMU ended at once");
	reply->error[sizeof(reply->error) - 1] = 0;
}

/* With all other threads parked. True in the child. */
static bool fork_parked(const struct message *message, struct zygote_reply *reply, int *pidfd)
{
	int pipe[2];
	if (pipe2(pipe, O_CLOEXEC)) {
		threads_release();
		strcpy(reply->error, "a pipe cannot be had");
		return false;
	}
	mappings_open(proc);
	reply->pid = threads_fork(rights_fork_flags(), pidfd);
	if (reply->pid == 0) {
		close(pipe[0]);
		become(message, pipe[1]);
		return true;
	}
	mappings_close();
	threads_release();
	close(pipe[1]);
	read_reply(pipe[0], reply);
	close(pipe[0]);
	return false;
}

/* True in the child. */
static bool serve(const struct message *message, struct zygote_reply *reply, int *pidfd)
{
	const char *wrong = check(message);
	if (!wrong && message->request.given)
		wrong = rights_next();
	if (!wrong)
		wrong = threads_park(proc);
	if (wrong)
		strncpy(reply->error, wrong, sizeof(reply->error) - 1);
	else if (message->request.given)
		return fork_parked(message, reply, pidfd);
	else
		threads_release();
	return false;
}

static gboolean on_request(int fd, GIOCondition condition, gpointer data)
{
	(void)fd, (void)condition, (void)data;
	struct message message;
	struct zygote_reply reply = {.pid = -1};
	int pidfd = -1;
	if (!receive(&message))
		_exit(0); /* qvisord is gone, and nobody else can ask */
	if (serve(&message, &reply, &pidfd))
		return G_SOURCE_REMOVE;
	answer(&reply, pidfd); /* also of one that has failed: somebody has to reap it */
	if (pidfd >= 0)
		close(pidfd);
	message_close(&message);
	return G_SOURCE_CONTINUE;
}

__attribute__((constructor)) static void begin(int argc, char **argv)
{
	const char *variable = getenv(ZYGOTE_VARIABLE);
	if (!variable)
		return;
	bool jailed = sscanf(variable, "%d,%d", &control, &proc) == 2;
	if (!jailed)
		proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rights_init(jailed);
	fcntl(control, F_SETFD, FD_CLOEXEC);
	fcntl(proc, F_SETFD, FD_CLOEXEC);
	unsetenv(ZYGOTE_VARIABLE);
	unsetenv("LD_PRELOAD");
	identity_init(argc, argv);
	if (control >= 0 && proc >= 0 && threads_init())
		g_unix_fd_add(control, G_IO_IN | G_IO_HUP, on_request, NULL);
}
