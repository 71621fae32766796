/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/command.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

bool account_find(struct account *account, const char *path, uid_t uid)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool found = false;
	for (struct passwd *entry = fgetpwent(file); entry && !found; entry = fgetpwent(file)) {
		if (entry->pw_uid != uid || strlen(entry->pw_name) >= sizeof(account->name) ||
		    strlen(entry->pw_dir) >= sizeof(account->home) ||
		    strlen(entry->pw_shell) >= sizeof(account->shell))
			continue;
		account->uid = uid;
		account->gid = entry->pw_gid;
		strcpy(account->name, entry->pw_name);
		strcpy(account->home, entry->pw_dir);
		strcpy(account->shell, entry->pw_shell);
		found = true;
	}
	fclose(file);
	return found;
}

static void become(const struct account *account)
{
	if (setgroups(1, &account->gid) < 0 ||
	    setresgid(account->gid, account->gid, account->gid) < 0 ||
	    setresuid(account->uid, account->uid, account->uid) < 0)
		_exit(126);
	if (chdir(account->home) < 0 && chdir("/") < 0)
		_exit(126);
}

static void child(
    const char *const *argv, const char *const *environment, const struct account *account)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	dup2(STDERR_FILENO, STDOUT_FILENO);
	if (account)
		become(account);
	execve(argv[0], (char *const *)argv, (char *const *)environment);
	_exit(127);
}

void account_environment(struct account_environment *environment, const struct account *account)
{
	unsigned uid = account->uid;
	snprintf(environment->runtime, sizeof(environment->runtime), "XDG_RUNTIME_DIR=/run/user/%u",
	    uid);
	snprintf(environment->bus, sizeof(environment->bus),
	    "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/%u/bus", uid);
	snprintf(environment->home, sizeof(environment->home), "HOME=%s", account->home);
	environment->list[0] = "PATH=/usr/local/bin:/usr/bin:/bin";
	environment->list[1] = environment->runtime;
	environment->list[2] = environment->bus;
	environment->list[3] = environment->home;
	environment->list[4] = NULL;
}

bool command_run(const char *const *argv, const char *const *environment,
    const struct account *account, int timeout_ms, struct rpc_error *error)
{
	int status;
	return command_run_status(argv, environment, account, timeout_ms, &status, error);
}

bool command_run_status(const char *const *argv, const char *const *environment,
    const struct account *account, int timeout_ms, int *exit_status, struct rpc_error *error)
{
	const char *name = strrchr(argv[0], '/') + 1;
	*exit_status = -1;
	pid_t pid = fork();
	if (pid < 0)
		return rpc_fail(error, RPC_FAILED, "cannot start %s: %s", name, strerror(errno));
	if (pid == 0)
		child(argv, environment, account);

	int status, pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};
	bool late = pidfd < 0 || poll(&ended, 1, timeout_ms) <= 0;
	if (late)
		kill(-pid, SIGKILL);
	if (pidfd >= 0)
		close(pidfd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (late)
		return rpc_fail(error, RPC_FAILED, "%s did not end within %d s and was killed",
		    name, timeout_ms / 1000);
	if (WIFEXITED(status))
		*exit_status = WEXITSTATUS(status);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return rpc_fail(
		    error, RPC_FAILED, "%s is not installed in this phone's image", argv[0]);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return rpc_fail(error, RPC_FAILED,
		    "%s failed (status %d); the phone's journal says why", name,
		    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return true;
}
