/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/launch_jail.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "qvisor/launch_cgroup.h"
#include "qvisor/launch_disk.h"
#include "qvisor/launch_filter.h"
#include "qvisor/launch_root.h"
#include "qvisor/qemu_command.h"

#define ERROR_SIZE 252
#define DISK "overlay.qcow2"
#define WRITABLE_MAX 2
#define WRITABLE_PATH (LAUNCH_PATH_MAX + 256)
#define SANDBOX "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define ABOVE 64 /* out of the way of the numbers that QEMU's descriptors get */

struct jail {
	const struct launch_options *options;
	const struct launch_request *request;
	uid_t uid;
	int users; /* a zygote's user namespace; else -1 */
	struct launch_root_file files[LAUNCH_FILES_MAX + WRITABLE_MAX + 2];
	unsigned file_count;
	char writable[WRITABLE_MAX][WRITABLE_PATH]; /* their paths, where they are there */
	unsigned writable_count;
	int fds[LAUNCH_ZYGOTE_FDS];
	unsigned fd_count;
	int go[2], report[2]; /* pipes: the child waits for the first, fails into the second */
};

static bool fail(char *error, const char *what)
{
	int why = errno;
	snprintf(error, ERROR_SIZE, "%.160s: %s", what, strerror(why));
	return false;
}

/* --- whose --- */

bool launch_jail_owns(const struct launch_options *options, pid_t pid)
{
	char folder[LAUNCH_PATH_MAX + 64];
	snprintf(folder, sizeof(folder), "/proc/%d/root%s", (int)pid, options->state_folder);
	return pid > 0 && launch_users_have(&options->users, launch_users_of(pid)) &&
	       !access(folder, F_OK);
}

static bool find_user(struct jail *jail, char *error)
{
	const struct launch_users *users = &jail->options->users;
	if (!jail->request->zygote)
		return launch_users_find(users, &jail->uid) || fail(error, "a user id");
	if (!launch_users_find_block(users, &jail->uid))
		return fail(error, "a block of user ids to fork phones with");
	jail->users = launch_users_namespace(users, jail->uid);
	return jail->users >= 0 || fail(error, "a user namespace to fork phones in");
}

/* --- files --- */

static void add_file(struct jail *jail, int fd, const char *path, enum launch_root_use use)
{
	jail->files[jail->file_count++] = (struct launch_root_file){fd, path, use};
}

/* What qvisord itself may read, and everybody: a jail shows it nothing that it could not see. */
static bool open_files(struct jail *jail, char *error)
{
	for (unsigned i = 0; i < jail->request->file_count; i++) {
		const char *path = jail->request->files[i];
		struct stat status;
		setfsgid(jail->options->daemon_gid);
		setfsuid(jail->options->daemon_uid);
		int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
		setfsuid(0);
		setfsgid(0);
		if (fd < 0)
			return fail(error, path);
		add_file(jail, fd, path, LAUNCH_ROOT_READ);
		errno = EACCES;
		if (fstat(fd, &status) || !S_ISREG(status.st_mode) || !(status.st_mode & S_IROTH))
			return fail(error, path);
	}
	return true;
}

/* PARENT/FOLDER/NAME, where it is there: a phone's disk becomes its own, and qvisord may read it as
 * its group; what a template is made of stays qvisord's, and the jail is of its group. */
static bool open_writable(
    struct jail *jail, const char *parent, const char *folder_name, const char *name, char *error)
{
	const struct launch_options *options = jail->options;
	char *path = jail->writable[jail->writable_count++];
	uid_t owner = jail->request->folder ? options->daemon_uid : jail->uid;
	int fd = launch_disk_open(options, parent, folder_name, name, owner);
	snprintf(path, WRITABLE_PATH, "%.960s/%s/%s", parent, folder_name, name);
	if (fd < 0)
		return errno == ENOENT || fail(error, path);
	add_file(jail, fd, path, LAUNCH_ROOT_WRITE);
	return true;
}

static bool open_own(struct jail *jail, char *error)
{
	const struct launch_options *options = jail->options;
	const char *folder = jail->request->folder;
	if (!folder)
		return open_writable(jail, options->state_folder, jail->request->uuid, DISK, error);
	return open_writable(jail, options->template_folder, folder, "memory", error) &&
	       open_writable(jail, options->template_folder, folder, "disk.qcow2", error);
}

/* The library, where /usr does not have it anyway, and a place for what its children find. */
static bool open_zygote(struct jail *jail, char *error)
{
	const char *path = jail->options->library;
	add_file(jail, -1, ZYGOTE_PAGEMAP, LAUNCH_ROOT_PLACE);
	errno = ENOENT;
	if (!path)
		return fail(error, "libqvmi-zygote.so beside qvisor-launch");
	if (!strncmp(path, "/usr/", strlen("/usr/")))
		return true;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return fail(error, path);
	add_file(jail, fd, path, LAUNCH_ROOT_RUN);
	return true;
}

/* --- the child: no way back, so what fails is written into the pipe --- */

static void child_end(const struct jail *jail, const char *error)
{
	ssize_t ignored = write(jail->report[1], error, ERROR_SIZE);
	(void)ignored;
	_exit(127);
}

static void child_fail(const struct jail *jail, const char *what)
{
	char error[ERROR_SIZE];
	fail(error, what);
	child_end(jail, error);
}

/* Standard ones, then what QEMU expects from 3 on; all others close themselves, also what whoever
 * has started us has left open. `proc`: a zygote's /proc/self. */
static void child_descriptors(const struct jail *jail, int proc)
{
	static const int places[LAUNCH_ZYGOTE_FDS + 1] = {
	    QEMU_FD_QMP, QEMU_FD_AGENT, STDERR_FILENO, QEMU_FD_FORK, QEMU_FD_PROC};
	int above[LAUNCH_ZYGOTE_FDS + 1];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	unsigned count = jail->fd_count;
	for (unsigned i = 0; i < count; i++)
		above[i] = fcntl(jail->fds[i], F_DUPFD_CLOEXEC, ABOVE);
	if (jail->request->zygote)
		above[count++] = proc;
	bool done = !close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) && dup2(null, 0) >= 0;
	for (unsigned i = 0; i < count; i++)
		done = done && dup2(above[i], places[i]) >= 0;
	if (!done || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		child_fail(jail, "its descriptors");
}

/* Of the block's user namespace, with what it takes to make children of other users in namespaces
 * of their own. */
static bool child_enter_users(const struct jail *jail)
{
	if (setns(jail->users, CLONE_NEWUSER) || setresgid(0, 0, 0) || setresuid(0, 0, 0))
		return false;
	for (int i = 0; i <= CAP_LAST_CAP; i++)
		if (i != CAP_SYS_ADMIN && i != CAP_SETUID && i != CAP_SETGID &&
		    prctl(PR_CAPBSET_DROP, i, 0, 0, 0) && errno != EINVAL)
			return false;
	return true;
}

/* The last that it may do as root; from here on there is no way back. */
static void child_rights(const struct jail *jail)
{
	struct stat kvm;
	gid_t groups[2];
	size_t n = 0;
	bool zygote = jail->request->zygote;
	if (!zygote && !stat("/dev/kvm", &kvm))
		groups[n++] = kvm.st_gid;
	if (jail->request->folder)
		groups[n++] = jail->options->daemon_gid; /* as open_writable() says */
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	if (setgroups(n, groups) ||
	    (zygote ? !child_enter_users(jail)
	            : setresgid(jail->uid, jail->uid, jail->uid) ||
	                  setresuid(jail->uid, jail->uid, jail->uid)) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || !launch_filter_enter(zygote))
		child_fail(jail, "its user id and filter");
}

/* Which QEMU has the machine that is asked for. */
static const char *program(const struct jail *jail)
{
	const struct launch_request *request = jail->request;
	for (unsigned i = 0; i + 1 < request->argument_count; i++)
		if (!strcmp(request->arguments[i], "-machine"))
			return strncmp(request->arguments[i + 1], "virt,", 5)
			           ? jail->options->qemu
			           : jail->options->qemu_aarch64;
	return jail->options->qemu;
}

static char **child_environment(const struct jail *jail)
{
	static char preload[LAUNCH_PATH_MAX + 16], forks[32];
	static char *environment[] = {(char *)"PATH=/usr/bin", NULL, NULL, NULL};
	if (jail->request->zygote) {
		snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", jail->options->library);
		snprintf(
		    forks, sizeof(forks), "%s=%d,%d", ZYGOTE_VARIABLE, QEMU_FD_FORK, QEMU_FD_PROC);
		environment[1] = preload;
		environment[2] = forks;
	}
	return environment;
}

static void child_run(struct jail *jail)
{
	const char *argv[LAUNCH_ARGUMENTS_MAX + 4] = {program(jail), "-sandbox", SANDBOX};
	char byte;
	jail->report[1] = fcntl(jail->report[1], F_DUPFD_CLOEXEC, ABOVE);
	close(jail->go[1]);
	if (read(jail->go[0], &byte, 1) != 1)
		_exit(127);
	char error[ERROR_SIZE];
	/* Opened here: only what belongs to this mount namespace can be bound in it. */
	if (!open_files(jail, error) || !open_own(jail, error) ||
	    (jail->request->zygote && !open_zygote(jail, error)))
		child_end(jail, error);
	int self = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int proc = fcntl(self, F_DUPFD_CLOEXEC, ABOVE);
	const char *failed =
	    launch_root_enter(jail->options->state_folder, jail->files, jail->file_count);
	if (failed)
		child_fail(jail, failed);
	if (sethostname("phone", 5) || setsid() < 0)
		child_fail(jail, "its session");
	memcpy(argv + 3, jail->request->arguments, jail->request->argument_count * sizeof(argv[0]));
	child_descriptors(jail, proc);
	child_rights(jail);
	sigset_t no_signal;
	sigemptyset(&no_signal);
	sigprocmask(SIG_SETMASK, &no_signal, NULL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	execve(argv[0], (char *const *)argv, child_environment(jail));
	child_fail(jail, argv[0]);
}

/* --- */

/* Lets it go once it is in its group; true when it has become QEMU. */
static bool let_go(struct jail *jail, pid_t pid, char *error)
{
	if (!launch_cgroup_enter(jail->options, jail->request, pid))
		return fail(error, "its control group");
	if (write(jail->go[1], "", 1) != 1)
		return fail(error, "its start");
	close(jail->report[1]);
	jail->report[1] = -1;
	ssize_t n = read(jail->report[0], error, ERROR_SIZE);
	if (n == 0)
		return true;
	error[ERROR_SIZE - 1] = 0;
	return false;
}

static pid_t start(struct jail *jail, int *pidfd, char *error)
{
	/* The first process of a namespace cannot have siblings, which a zygote's children are. */
	unsigned long flags = NAMESPACES | (jail->request->zygote ? 0 : CLONE_NEWPID);
	pid_t pid = (pid_t)syscall(SYS_clone, flags | CLONE_PIDFD | SIGCHLD, NULL, pidfd, NULL, 0);
	if (pid == 0)
		child_run(jail);
	if (pid < 0) {
		fail(error, "its namespaces");
		return -1;
	}
	if (let_go(jail, pid, error))
		return pid;
	syscall(SYS_pidfd_send_signal, *pidfd, SIGKILL, NULL, 0);
	close(*pidfd);
	return -1;
}

pid_t launch_jail_start(const struct launch_options *options, const struct launch_request *request,
    const int *fds, int *pidfd, char error[static ERROR_SIZE])
{
	struct jail jail = {.options = options,
	    .request = request,
	    .users = -1,
	    .fd_count = request->zygote ? LAUNCH_ZYGOTE_FDS : LAUNCH_START_FDS,
	    .go = {-1, -1},
	    .report = {-1, -1}};
	memcpy(jail.fds, fds, jail.fd_count * sizeof(*fds));
	pid_t pid = -1;
	launch_cgroup_sweep(options);
	if (pipe2(jail.go, O_CLOEXEC) || pipe2(jail.report, O_CLOEXEC))
		fail(error, "a pipe");
	else if (find_user(&jail, error))
		pid = start(&jail, pidfd, error);
	if (jail.users >= 0)
		close(jail.users);
	for (unsigned i = 0; i < 2; i++) {
		if (jail.go[i] >= 0)
			close(jail.go[i]);
		if (jail.report[i] >= 0)
			close(jail.report[i]);
	}
	return pid;
}

bool launch_jail_confine(const struct launch_options *options, const struct launch_request *request,
    pid_t pid, int pidfd, char error[static ERROR_SIZE])
{
	char folder[WRITABLE_PATH], pagemap[64];
	struct launch_shown shown = {
	    .pidfd = pidfd, .folder = folder, .name = DISK, .place = ZYGOTE_PAGEMAP};
	snprintf(folder, sizeof(folder), "%.960s/%s", options->state_folder, request->parent);
	snprintf(pagemap, sizeof(pagemap), "/proc/%d/pagemap", (int)pid);
	if (!launch_cgroup_enter(options, request, pid))
		return fail(error, "its control group");
	shown.disk = launch_disk_open(
	    options, options->state_folder, request->uuid, DISK, launch_users_of(pid));
	if (shown.disk < 0 && errno != ENOENT)
		return fail(error, "its disk");
	shown.pagemap = open(pagemap, O_PATH | O_CLOEXEC);
	bool done = (shown.pagemap >= 0 && launch_disk_show(&shown)) ||
	            fail(error, "its files in its jail");
	if (shown.pagemap >= 0)
		close(shown.pagemap);
	if (shown.disk >= 0)
		close(shown.disk);
	return done;
}
