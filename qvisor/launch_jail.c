/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/launch_jail.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
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
#include "qvisor/launch_filter.h"
#include "qvisor/launch_root.h"

#define ERROR_SIZE 252
#define WRITABLE_MAX 2
#define WRITABLE_PATH (LAUNCH_PATH_MAX + 256)
#define SANDBOX "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

struct jail {
	const struct launch_options *options;
	const struct launch_request *request;
	uid_t uid;
	struct launch_root_file files[LAUNCH_FILES_MAX + WRITABLE_MAX];
	unsigned file_count;
	char writable[WRITABLE_MAX][WRITABLE_PATH]; /* their paths, where they are there */
	unsigned writable_count;
	int fds[LAUNCH_START_FDS];
	int go[2], report[2]; /* pipes: the child waits for the first, fails into the second */
};

static bool fail(char *error, const char *what)
{
	int why = errno;
	snprintf(error, ERROR_SIZE, "%.160s: %s", what, strerror(why));
	return false;
}

/* --- uids --- */

static uid_t owner_of(const char *pid)
{
	char path[64];
	struct stat status;
	snprintf(path, sizeof(path), "/proc/%.20s", pid);
	return stat(path, &status) ? (uid_t)-1 : status.st_uid;
}

static bool is_ours(const struct launch_options *options, uid_t uid)
{
	return uid >= options->first_uid && uid - options->first_uid < options->uid_count;
}

bool launch_jail_owns(const struct launch_options *options, pid_t pid)
{
	char name[32], folder[LAUNCH_PATH_MAX + 64];
	snprintf(name, sizeof(name), "%d", (int)pid);
	snprintf(folder, sizeof(folder), "/proc/%d/root%s", (int)pid, options->state_folder);
	return pid > 0 && is_ours(options, owner_of(name)) && !access(folder, F_OK);
}

/* One that no process has: what runs is the truth, and we keep no list. */
static bool find_uid(struct jail *jail, char *error)
{
	const struct launch_options *options = jail->options;
	bool *taken = calloc(options->uid_count, sizeof(*taken));
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	while (taken && dir && (entry = readdir(dir))) {
		uid_t uid = entry->d_name[0] >= '1' && entry->d_name[0] <= '9'
		                ? owner_of(entry->d_name)
		                : (uid_t)-1;
		if (is_ours(options, uid))
			taken[uid - options->first_uid] = true;
	}
	unsigned i = 0;
	while (taken && dir && i < options->uid_count && taken[i])
		i++;
	bool found = taken && dir && i < options->uid_count;
	if (dir)
		closedir(dir);
	free(taken);
	jail->uid = options->first_uid + i;
	errno = EUSERS;
	return found || fail(error, "no user id is free");
}

/* --- files --- */

static void add_file(struct jail *jail, int fd, const char *path, bool writable)
{
	jail->files[jail->file_count++] = (struct launch_root_file){fd, path, writable};
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
		add_file(jail, fd, path, false);
		errno = EACCES;
		if (fstat(fd, &status) || !S_ISREG(status.st_mode) || !(status.st_mode & S_IROTH))
			return fail(error, path);
	}
	return true;
}

/* Who a file is given to that is to be written in the jail: a phone's disk becomes its own, and
 * qvisord may read it as its group; what a template is made of stays qvisord's, and the jail is of
 * its group. */
static bool give(const struct jail *jail, int fd)
{
	char opened[64];
	uid_t owner = jail->request->folder ? jail->options->daemon_uid : jail->uid;
	snprintf(opened, sizeof(opened), "/proc/self/fd/%d", fd);
	return !fchownat(fd, "", owner, jail->options->daemon_gid, AT_EMPTY_PATH) &&
	       !chmod(opened, 0660);
}

/* PARENT/FOLDER/NAME, where it is there. One with another name elsewhere, or somebody else's, is
 * not given away. */
static bool open_writable(
    struct jail *jail, const char *parent, const char *folder_name, const char *name, char *error)
{
	const struct launch_options *options = jail->options;
	char *path = jail->writable[jail->writable_count++];
	struct stat status;
	snprintf(path, WRITABLE_PATH, "%.960s/%s/%s", parent, folder_name, name);
	int above = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int folder = openat(above, folder_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int why = errno;
	bool has_folder = folder >= 0;
	close(above);
	close(folder);
	errno = why;
	if (fd < 0)
		return (has_folder && why == ENOENT) || fail(error, path);
	add_file(jail, fd, path, true);
	errno = EACCES;
	if (fstat(fd, &status) || !S_ISREG(status.st_mode) || status.st_nlink != 1 ||
	    (status.st_uid != options->daemon_uid && !is_ours(options, status.st_uid)))
		return fail(error, path);
	return give(jail, fd) || fail(error, path);
}

static bool open_own(struct jail *jail, char *error)
{
	const struct launch_options *options = jail->options;
	const char *folder = jail->request->folder;
	if (!folder)
		return open_writable(
		    jail, options->state_folder, jail->request->uuid, "overlay.qcow2", error);
	return open_writable(jail, options->template_folder, folder, "memory", error) &&
	       open_writable(jail, options->template_folder, folder, "disk.qcow2", error);
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

/* Standard ones, then what QEMU expects as 3 and 4; all others close themselves, also what whoever
 * has started us has left open. */
static void child_descriptors(const struct jail *jail)
{
	int above[LAUNCH_START_FDS];
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (unsigned i = 0; i < LAUNCH_START_FDS; i++)
		above[i] = fcntl(jail->fds[i], F_DUPFD_CLOEXEC, 64);
	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) || dup2(null, 0) < 0 ||
	    dup2(above[2], 1) < 0 || dup2(above[2], 2) < 0 || dup2(above[0], 3) < 0 ||
	    dup2(above[1], 4) < 0)
		child_fail(jail, "its descriptors");
}

/* The last that it may do as root; from here on there is no way back. */
static void child_rights(const struct jail *jail)
{
	struct stat kvm;
	gid_t groups[2];
	size_t n = 0;
	if (!stat("/dev/kvm", &kvm))
		groups[n++] = kvm.st_gid;
	if (jail->request->folder)
		groups[n++] = jail->options->daemon_gid; /* as give() says */
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	if (setgroups(n, groups) || setresgid(jail->uid, jail->uid, jail->uid) ||
	    setresuid(jail->uid, jail->uid, jail->uid) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    !launch_filter_enter())
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

static void child_run(struct jail *jail)
{
	static char *environment[] = {(char *)"PATH=/usr/bin", NULL};
	const char *argv[LAUNCH_ARGUMENTS_MAX + 4] = {program(jail), "-sandbox", SANDBOX};
	char byte;
	/* Kept out of the numbers that QEMU's descriptors get. */
	jail->report[1] = fcntl(jail->report[1], F_DUPFD_CLOEXEC, 64);
	close(jail->go[1]);
	if (read(jail->go[0], &byte, 1) != 1)
		_exit(127);
	char error[ERROR_SIZE];
	/* Opened here: only what belongs to this mount namespace can be bound in it. */
	if (!open_files(jail, error) || !open_own(jail, error))
		child_end(jail, error);
	const char *failed =
	    launch_root_enter(jail->options->state_folder, jail->files, jail->file_count);
	if (failed)
		child_fail(jail, failed);
	if (sethostname("phone", 5) || setsid() < 0)
		child_fail(jail, "its session");
	memcpy(argv + 3, jail->request->arguments, jail->request->argument_count * sizeof(argv[0]));
	child_descriptors(jail);
	child_rights(jail);
	sigset_t no_signal;
	sigemptyset(&no_signal);
	sigprocmask(SIG_SETMASK, &no_signal, NULL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	execve(argv[0], (char *const *)argv, environment);
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
	pid_t pid =
	    (pid_t)syscall(SYS_clone, NAMESPACES | CLONE_PIDFD | SIGCHLD, NULL, pidfd, NULL, 0);
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
    const int fds[LAUNCH_START_FDS], int *pidfd, char error[static ERROR_SIZE])
{
	struct jail jail = {
	    .options = options, .request = request, .go = {-1, -1}, .report = {-1, -1}};
	memcpy(jail.fds, fds, sizeof(jail.fds));
	pid_t pid = -1;
	launch_cgroup_sweep(options);
	if (pipe2(jail.go, O_CLOEXEC) || pipe2(jail.report, O_CLOEXEC))
		fail(error, "a pipe");
	else if (find_uid(&jail, error))
		pid = start(&jail, pidfd, error);
	for (unsigned i = 0; i < 2; i++) {
		if (jail.go[i] >= 0)
			close(jail.go[i]);
		if (jail.report[i] >= 0)
			close(jail.report[i]);
	}
	return pid;
}
