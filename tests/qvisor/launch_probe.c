/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests: asks qvisor-launch what a qvisord that was taken over might ask.
 *   qvmi-launch-probe SOCKET kill PID
 *   qvmi-launch-probe SOCKET start UUID [FILE...] -- [ARGUMENT...]
 *   qvmi-launch-probe SOCKET run UUID [FILE...] -- [ARGUMENT...]
 *   qvmi-launch-probe SOCKET pair PID
 * Prints "ok PID" or the answer. What is run has our output for a log, and is waited for.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/descriptor.h"
#include "qvisor/launcher.h"

static bool start(const char *socket, char **words, bool wait, GError **error)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), pidfd;
	struct pollfd end = {.events = POLLIN};
	char **rest = words + 1;
	while (*rest && strcmp(*rest, "--"))
		rest++;
	if (!*rest)
		exit(2);
	*rest = NULL; /* ends the files; the place of argv[0] */
	struct launcher_start start = {.uuid = words[0],
	    .files = (const char *const *)words + 1,
	    .argv = rest,
	    .fds = {null, null, wait ? STDOUT_FILENO : null}};
	pid_t pid = launcher_start(socket, &start, &pidfd, error);
	if (pid > 0 && wait) {
		end.fd = pidfd;
		poll(&end, 1, -1);
	} else if (pid > 0) {
		printf("ok %d\n", (int)pid);
	}
	return pid > 0;
}

static bool end(const char *socket, const char *pid, GError **error)
{
	int pidfd = pidfd_open(atoi(pid), 0);
	if (!launcher_kill(socket, pidfd, error))
		return false;
	printf("ok\n");
	return true;
}

static bool pair(const char *socket, const char *pid, GError **error)
{
	int pidfd = pidfd_open(atoi(pid), 0), mine[2], made[2];
	uid_t uid;
	pid_t maker;
	if (!descriptor_pair(SOCK_STREAM, mine, error) ||
	    !launcher_pair(socket, pidfd, mine[0], made, error) ||
	    !descriptor_peer(made[0], &uid, &maker, error))
		return false;
	printf("ok made by uid %u\n", (unsigned)uid);
	return true;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	if (argc < 4)
		return 2;
	bool done;
	if (!strcmp(argv[2], "kill"))
		done = end(argv[1], argv[3], &error);
	else if (!strcmp(argv[2], "pair"))
		done = pair(argv[1], argv[3], &error);
	else
		done = start(argv[1], argv + 3, !strcmp(argv[2], "run"), &error);
	if (!done)
		printf("%s\n", error->message);
	return !done;
}
