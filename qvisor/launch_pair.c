/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/launch_pair.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "qvisor/launch_users.h"

/* Never another's identity than the kernel says: who has made `socket`. */
static bool maker_of(int socket, struct ucred *maker)
{
	socklen_t n = sizeof(*maker), size = sizeof(int);
	int domain = 0;
	if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) ||
	    getsockopt(socket, SOL_SOCKET, SO_PEERCRED, maker, &n))
		return false;
	errno = EINVAL;
	return domain == AF_UNIX && maker->uid != (uid_t)-1 && maker->gid != (gid_t)-1;
}

/* In the namespace, with our descriptors: what is made here is in their places for us, too. */
static void child_run(const struct ucred *maker, const int places[2])
{
	int made[2];
	if (setegid(maker->gid) || seteuid(maker->uid) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, made))
		_exit(1);
	for (unsigned i = 0; i < 2; i++) {
		dup3(made[i], places[i], O_CLOEXEC);
		close(made[i]);
	}
	_exit(0);
}

/* setns(2): of a pid namespace only children that are made from now on become members. */
static bool make_inside(int pidfd, int own, const struct ucred *maker, const int places[2])
{
	if (setns(pidfd, CLONE_NEWPID))
		return false;
	/* CLONE_VFORK: it has ended when this returns. */
	long pid = syscall(SYS_clone, CLONE_FILES | CLONE_VFORK | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid == 0)
		child_run(maker, places);
	int why = errno;
	if (setns(own, CLONE_NEWPID))
		_exit(1); /* nothing else would be in the right place any more */
	errno = why;
	return pid > 0;
}

static bool is_socket(int fd)
{
	struct stat status;
	return !fstat(fd, &status) && S_ISSOCK(status.st_mode);
}

/* Who is `maker` for the process: it compares names of its own namespace. */
static bool translate(pid_t pid, struct ucred *maker)
{
	uid_t outside;
	errno = ESRCH;
	if (!launch_users_translate(pid, maker->uid, &outside))
		return false;
	if (outside != maker->uid)
		maker->uid = maker->gid = outside;
	return true;
}

bool launch_pair_make(pid_t pid, int pidfd, int socket, int pair[2])
{
	struct ucred maker;
	int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	for (unsigned i = 0; i < 2; i++)
		pair[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	bool asked = own >= 0 && pair[0] >= 0 && pair[1] >= 0 && maker_of(socket, &maker) &&
	             translate(pid, &maker) && make_inside(pidfd, own, &maker, pair);
	int why = asked ? EAGAIN : errno;
	bool made = asked && is_socket(pair[0]) && is_socket(pair[1]);
	for (unsigned i = 0; !made && i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
	if (own >= 0)
		close(own);
	errno = why;
	return made;
}
