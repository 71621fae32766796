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
#include "qvisor/launch_message.h"
#include "qvisor/launch_pair.h"

static const char usage[] =
    "usage: qvisor-launch --socket PATH --user NAME --state-folder FOLDER\n"
    "                     --template-folder FOLDER [OPTION...]\n"
    "Starts QEMU for the qvisord of one user, each in a jail. Runs as root.\n"
    "\n"
    "  --socket PATH         where qvisord asks; only its user may\n"
    "  --user NAME           qvisord's user\n"
    "  --state-folder FOLDER qvisord's host.state-folder\n"
    "  --template-folder FOLDER  its host.template-folder\n"
    "  --qemu PATH           the program (default /usr/bin/qemu-system-x86_64)\n"
    "  --qemu-aarch64 PATH   that for phones of ARM64 (default /usr/bin/qemu-system-aarch64)\n"
    "  --first-uid UID       of the users that phones run as (default 70000)\n"
    "  --uid-count N         how many (default 10000); phones of one template that are forked\n"
    "                        take blocks of 512\n"
    "  --display-user NAME   who may look at the screens of those, beside qvisord's user and\n"
    "                        root (mtpd's); may be repeated\n"
    "  --cgroup FOLDER       a control group (version 2) to divide among phones\n"
    "  --memory-max MIB, --cpu-max PERCENT, --pids-max N\n"
    "                        what one phone may use at most, whatever qvisord asks for\n"
    "                        (default: no limit, no limit, 512)\n"
    "  --io-max MIB          what one phone may read and write a second, of the disk that\n"
    "                        the state folder is on (default: no limit)\n";

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
	DISPLAY_USER,
	STATE,
	TEMPLATE,
	QEMU,
	QEMU_AARCH64,
	FIRST,
	COUNT,
	CGROUP,
	MEMORY,
	CPU,
	PIDS,
	IO,
	HELP
};

static const struct passwd *user_named(const char *name)
{
	const struct passwd *user = getpwnam(name);
	if (!user)
		die(name, "there is no such user");
	return user;
}

static void add_display_user(struct launch_users *users, uid_t uid)
{
	for (unsigned i = 0; i < users->display_count; i++)
		if (users->display[i] == uid)
			return;
	if (users->display_count == LAUNCH_DISPLAY_USERS_MAX)
		die("--display-user", "there are too many");
	users->display[users->display_count++] = uid;
}

/* In the build's folder, or where `make install` puts it. */
static const char *find_library(void)
{
	static const char *const places[] = {"", "../lib/qvmi/"};
	static char path[LAUNCH_PATH_MAX + 64];
	char self[LAUNCH_PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	self[n < 0 ? 0 : n] = 0;
	char *slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	slash[1] = 0;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s%slibqvmi-zygote.so", self, places[i]);
		char *real = realpath(path, NULL);
		if (real)
			return real;
	}
	return NULL;
}

static void set_user(struct launch_options *options, const char *name)
{
	const struct passwd *user = user_named(name);
	options->daemon_uid = user->pw_uid;
	options->daemon_gid = user->pw_gid;
	add_display_user(&options->users, user->pw_uid);
}

static const char *parse_options(struct launch_options *options, int argc, char **argv)
{
	static const struct option names[] = {{"socket", 1, NULL, SOCKET}, {"user", 1, NULL, USER},
	    {"display-user", 1, NULL, DISPLAY_USER}, {"state-folder", 1, NULL, STATE},
	    {"template-folder", 1, NULL, TEMPLATE}, {"qemu", 1, NULL, QEMU},
	    {"qemu-aarch64", 1, NULL, QEMU_AARCH64}, {"first-uid", 1, NULL, FIRST},
	    {"uid-count", 1, NULL, COUNT}, {"cgroup", 1, NULL, CGROUP},
	    {"memory-max", 1, NULL, MEMORY}, {"cpu-max", 1, NULL, CPU}, {"pids-max", 1, NULL, PIDS},
	    {"io-max", 1, NULL, IO}, {"help", 0, NULL, HELP}, {0}};
	const char *path = NULL, *user = NULL;
	for (int key; (key = getopt_long(argc, argv, "", names, NULL)) != -1;) {
		switch (key) {
		case SOCKET:
			path = optarg;
			break;
		case USER:
			user = optarg;
			break;
		case DISPLAY_USER:
			add_display_user(&options->users, user_named(optarg)->pw_uid);
			break;
		case STATE:
			options->state_folder = optarg;
			break;
		case TEMPLATE:
			options->template_folder = optarg;
			break;
		case QEMU:
			options->qemu = optarg;
			break;
		case QEMU_AARCH64:
			options->qemu_aarch64 = optarg;
			break;
		case FIRST:
			options->users.first = number("--first-uid", optarg, ZYGOTE_FIRST_USER);
			break;
		case COUNT:
			options->users.count = number("--uid-count", optarg, 1000000);
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
		case IO:
			options->io_max_mib = number("--io-max", optarg, 1U << 20);
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
	    !options->template_folder || options->template_folder[0] != '/' ||
	    options->qemu[0] != '/' || options->qemu_aarch64[0] != '/' ||
	    options->users.first < 1000 || !options->users.count || optind < argc) {
		fputs(usage, stderr);
		exit(2);
	}
	set_user(options, user);
	return path;
}

/* --- one request --- */

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

static void serve_kill(const struct launch_options *options, int pidfd, struct launch_reply *reply)
{
	bool ours = launch_jail_owns(options, process_of(pidfd));
	if (!ours)
		snprintf(reply->error, sizeof(reply->error), "refused: it is no phone's process");
	else if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0))
		snprintf(reply->error, sizeof(reply->error), "%s", strerror(errno));
}

static unsigned serve_pair(
    const struct launch_options *options, const int *fds, int pair[2], struct launch_reply *reply)
{
	pid_t pid = process_of(fds[0]);
	if (!launch_jail_owns(options, pid))
		snprintf(reply->error, sizeof(reply->error), "refused: it is no phone's process");
	else if (launch_pair_make(pid, fds[0], fds[1], pair))
		return 2;
	else if (errno == ESRCH)
		snprintf(reply->error, sizeof(reply->error),
		    "refused: who asks is no --display-user of qvisor-launch");
	else
		snprintf(reply->error, sizeof(reply->error), "a pair: %s", strerror(errno));
	return 0;
}

static void serve_confine(const struct launch_options *options,
    const struct launch_request *request, int pidfd, struct launch_reply *reply)
{
	pid_t pid = process_of(pidfd);
	if (!launch_jail_owns(options, pid))
		snprintf(reply->error, sizeof(reply->error), "refused: it is no phone's process");
	else
		launch_jail_confine(options, request, pid, pidfd, reply->error);
}

static void serve_about(const struct launch_options *options, struct launch_reply *reply)
{
	reply->first_uid = options->users.first;
	reply->uid_count = options->users.count;
	memcpy(reply->without, options->without, sizeof(reply->without));
}

/* How many descriptors the answer has, which are in `fds`. */
static unsigned serve_request(const struct launch_options *options,
    const struct launch_message *message, struct launch_reply *reply, int fds[LAUNCH_PAIR_FDS])
{
	struct launch_request request;
	const char *wrong =
	    launch_request_parse(&request, message->bytes, message->size, message->fd_count);
	if (wrong) {
		snprintf(reply->error, sizeof(reply->error), "refused: %s", wrong);
		return 0;
	}
	switch (request.operation) {
	case LAUNCH_START:
		reply->pid =
		    launch_jail_start(options, &request, message->fds, &fds[0], reply->error);
		return reply->pid > 0;
	case LAUNCH_CONFINE:
		serve_confine(options, &request, message->fds[0], reply);
		return 0;
	case LAUNCH_KILL:
		serve_kill(options, message->fds[0], reply);
		return 0;
	case LAUNCH_PAIR:
		return serve_pair(options, message->fds, fds, reply);
	case LAUNCH_ABOUT:
		serve_about(options, reply);
		return 0;
	}
	return 0;
}

static void serve(const struct launch_options *options, int client)
{
	static struct launch_message message;
	while (launch_message_receive(client, &message)) {
		struct launch_reply reply = {.pid = -1};
		int fds[LAUNCH_PAIR_FDS];
		unsigned n = serve_request(options, &message, &reply, fds);
		if (reply.error[0])
			fprintf(stderr, "qvisor-launch: %s\n", reply.error);
		launch_message_reply(client, &reply, fds, n);
		while (n)
			close(fds[--n]);
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
	    .users = {.first = 70000, .count = 10000},
	    .pids_max = 512};
	umask(077);
	const char *path = parse_options(&options, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN); /* the kernel reaps: qvisord watches its pidfds */
	options.library = find_library();
	launch_cgroup_prepare(&options);
	if (options.without[0])
		fprintf(stderr, "qvisor-launch: no limit of: %s (--cgroup, --io-max)\n",
		    options.without);
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
