/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For tests: asks qvisor-launch what a qvisord that was taken over might ask.
 *   qvmi-launch-probe SOCKET kill PID
 *   qvmi-launch-probe SOCKET start UUID [FILE...] -- [ARGUMENT...]
 * Prints "ok PID" or the answer.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>

#include "qvisor/launcher.h"

static bool start(const char *socket, char **words, GError **error)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), pidfd;
	char **rest = words + 1;
	while (*rest && strcmp(*rest, "--"))
		rest++;
	if (!*rest)
		exit(2);
	*rest = NULL; /* ends the files; the place of argv[0] */
	struct launcher_start start = {.uuid = words[0],
	    .files = (const char *const *)words + 1,
	    .argv = rest,
	    .fds = {null, null, null}};
	pid_t pid = launcher_start(socket, &start, &pidfd, error);
	if (pid > 0)
		printf("ok %d\n", (int)pid);
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

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	if (argc < 4)
		return 2;
	bool done = !strcmp(argv[2], "kill") ? end(argv[1], argv[3], &error)
	                                     : start(argv[1], argv + 3, &error);
	if (!done)
		printf("%s\n", error->message);
	return !done;
}
