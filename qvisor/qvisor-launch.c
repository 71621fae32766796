/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvisor-launch: starts QEMU for qvisord, in a jail. The only program of QVMI that runs as root, so
 * it is small, uses no library but libc, keeps no state, reads no file's contents, and does for its
 * one client only what cannot be turned against the host: one program, uids of one range, disks
 * below one folder, files that the client can read anyway.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "qvisor/launch_cgroup.h"
#include "qvisor/launch_jail.h"
#include "qvisor/launch_request.h"

#define FDS_MAX 4

static const char usage[] =
    "usage: qvisor-launch --socket PATH --user NAME --state-folder FOLDER [OPTION...]\n"
    "Starts QEMU for the qvisord of one user, each in a jail. Runs as root.\n"
    "\n"
    "  --socket PATH         where qvisord asks; only its user may\n"
    "  --user NAME           qvisord's user\n"
    "  --state-folder FOLDER qvisord's host.state-folder\n"
    "  --qemu PATH           the program (default /usr/bin/qemu-system-x86_64)\n"
    "  --qemu-aarch64 PATH   that for phones of ARM64 (default /usr/bin/qemu-system-aarch64)\n"
    "  --first-uid UID       of the users that phones run as (default 70000)\n"
    "  --uid-count N         how many (default 10000)\n"
    "  --cgroup FOLDER       a control group (version 2) to divide among phones\n"
    "  --memory-max MIB, --cpu-max PERCENT, --pids-max N\n"
    "                        what one phone may use at most (default: no limit, no limit, 512)\n";

static void die(const char *what, const char *why)
{
	fprintf(stderr, "qvisor-launch: %s: %s\n", what, why);
	exit(1);
}

static unsigned number(const char *name, const char *text, unsigned max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || value > max)
		die(name, "a number that fits is wanted");
	return (unsigned)value;
}

/* --- options --- */

enum {
	SOCKET = 256,
	USER,
	STATE,
	QEMU,
	QEMU_AARCH64,
	FIRST,
	COUNT,
	CGROUP,
	MEMORY,
	CPU,
	PIDS,
	HELP
};

static void set_user(struct launch_options *options, const char *name)
{
	const struct passwd *user = getpwnam(name);
	if (!user)
		die(name, "there is no such user");
	options->daemon_uid = user->pw_uid;
	options->daemon_gid = user->pw_gid;
}

static const char *parse_options(struct launch_options *options, int argc, char **argv)
{
	static const struct option names[] = {{"socket", 1, NULL, SOCKET}, {"user", 1, NULL, USER},
	    {"state-folder", 1, NULL, STATE}, {"qemu", 1, NULL, QEMU},
	    {"qemu-aarch64", 1, NULL, QEMU_AARCH64}, {"first-uid", 1, NULL, FIRST},
	    {"uid-count", 1, NULL, COUNT}, {"cgroup", 1, NULL, CGROUP},
	    {"memory-max", 1, NULL, MEMORY}, {"cpu-max", 1, NULL, CPU}, {"pids-max", 1, NULL, PIDS},
	    {"help", 0, NULL, HELP}, {0}};
	const char *path = NULL, *user = NULL;
	for (int key; (key = getopt_long(argc, argv, "", names, NULL)) != -1;) {
		switch (key) {
		case SOCKET:
			path = optarg;
			break;
		case USER:
			user = optarg;
			break;
		case STATE:
			options->state_folder = optarg;
			break;
		case QEMU:
			options->qemu = optarg;
			break;
		case QEMU_AARCH64:
			options->qemu_aarch64 = optarg;
			break;
		case FIRST:
			options->first_uid = number("--first-uid", optarg, 1U << 31);
			break;
		case COUNT:
			options->uid_count = number("--uid-count", optarg, 1000000);
			break;
		case CGROUP:
			options->cgroup = optarg;
			break;
		case MEMORY:
			options->memory_max_mib = number("--memory-max", optarg, 1U << 30);
			break;
		case CPU:
			options->cpu_max_percent = number("--cpu-max", optarg, 100000);
			break;
		case PIDS:
			options->pids_max = number("--pids-max", optarg, 1U << 20);
			break;
		case HELP:
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (!path || !user || !options->state_folder || options->state_folder[0] != '/' ||
	    options->qemu[0] != '/' || options->qemu_aarch64[0] != '/' ||
	    options->first_uid < 1000 || !options->uid_count || optind < argc) {
		fputs(usage, stderr);
		exit(2);
	}
	set_user(options, user);
	return path;
}

/* --- one request --- */

struct message {
	char bytes[LAUNCH_MESSAGE_MAX];
	size_t size;
	int fds[FDS_MAX];
	unsigned fd_count;
};

/* False at the end of the connection. More than fits is seen as a request that is wrong. */
static bool receive(int client, struct message *message)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(message->fds))];
	} control;
	struct iovec part = {message->bytes, sizeof(message->bytes)};
	struct msghdr header = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(client, &header, MSG_CMSG_CLOEXEC);
	message->fd_count = 0;
	if (n <= 0)
		return false;
	const struct cmsghdr *one = CMSG_FIRSTHDR(&header);
	if (one && one->cmsg_level == SOL_SOCKET && one->cmsg_type == SCM_RIGHTS) {
		message->fd_count = (unsigned)((one->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(message->fds, CMSG_DATA(one), message->fd_count * sizeof(int));
	}
	message->size = header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? 0 : (size_t)n;
	return true;
}

static void reply_to(int client, const struct launch_reply *reply, int pidfd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_level = SOL_SOCKET,
	                 .cmsg_type = SCM_RIGHTS,
	                 .cmsg_len = CMSG_LEN(sizeof(int))}};
	struct iovec part = {(void *)reply, sizeof(*reply)};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	if (pidfd >= 0) {
		memcpy(CMSG_DATA(&control.header), &pidfd, sizeof(pidfd));
		header.msg_control = &control;
		header.msg_controllen = sizeof(control.space);
	}
	sendmsg(client, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* pidfd_open(2): fdinfo tells which process it is. */
static pid_t process_of(int pidfd)
{
	char path[64], line[128];
	int pid = -1;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Pid: %d", &pid) == 1)
			break;
	if (file)
		fclose(file);
	return pid;
}

static void serve_request(
    const struct launch_options *options, int client, const struct message *message)
{
	struct launch_request request;
	struct launch_reply reply = {.pid = -1};
	int pidfd = -1;
	const char *wrong =
	    launch_request_parse(&request, message->bytes, message->size, message->fd_count);
	if (wrong)
		snprintf(reply.error, sizeof(reply.error), "refused: %s", wrong);
	else if (request.operation == LAUNCH_START)
		reply.pid = launch_jail_start(options, &request, message->fds, &pidfd, reply.error);
	else if (!launch_jail_owns(options, process_of(message->fds[0])))
		snprintf(reply.error, sizeof(reply.error), "refused: it is no phone's process");
	else if (syscall(SYS_pidfd_send_signal, message->fds[0], SIGKILL, NULL, 0))
		snprintf(reply.error, sizeof(reply.error), "%s", strerror(errno));
	if (reply.error[0])
		fprintf(stderr, "qvisor-launch: %s\n", reply.error);
	if (reply.pid < 0)
		pidfd = -1;
	reply_to(client, &reply, pidfd);
	if (pidfd >= 0)
		close(pidfd);
}

static void serve(const struct launch_options *options, int client)
{
	static struct message message;
	while (receive(client, &message)) {
		serve_request(options, client, &message);
		for (unsigned i = 0; i < message.fd_count; i++)
			close(message.fds[i]);
	}
	launch_cgroup_sweep(options);
}

static int listen_on(const char *path, const struct launch_options *options)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (strlen(path) >= sizeof(address.sun_path))
		die(path, "a shorter path is wanted");
	strcpy(address.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    chown(path, options->daemon_uid, 0) || chmod(path, 0600) || listen(fd, 4))
		die(path, strerror(errno));
	return fd;
}

int main(int argc, char **argv)
{
	struct launch_options options = {.qemu = "/usr/bin/qemu-system-x86_64",
	    .qemu_aarch64 = "/usr/bin/qemu-system-aarch64",
	    .first_uid = 70000,
	    .uid_count = 10000,
	    .pids_max = 512};
	char missing[64];
	umask(077);
	const char *path = parse_options(&options, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* the kernel reaps: qvisord watches its pidfds */
	launch_cgroup_prepare(&options, missing, sizeof(missing));
	if (missing[0])
		fprintf(stderr, "qvisor-launch: no limit of %s: no such controller in %s\n",
		    missing, options.cgroup ? options.cgroup : "any --cgroup");
	int listener = listen_on(path, &options);
	while (true) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		struct ucred peer;
		socklen_t n = sizeof(peer);
		if (client < 0)
			continue;
		/* The file's mode says so, too; this is what counts. */
		if (!getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &n) &&
		    peer.uid == options.daemon_uid)
			serve(&options, client);
		else
			fprintf(stderr, "qvisor-launch: refused uid %u\n", (unsigned)peer.uid);
		close(client);
	}
}
