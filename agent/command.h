/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One program run to its end, without a shell, for at most so long. Blocks; the agent does one
 * thing at a time.
 */
#pragma once

#include "agent/rpc.h"

#include <stdbool.h>
#include <sys/types.h>

struct account {
	uid_t uid;
	gid_t gid;
	char name[33];
	char home[256];
	char shell[256];
};

/* Looks uid up in /etc/passwd (path), which a static program can read without NSS. */
bool account_find(struct account *account, const char *path, uid_t uid);

/* What a program of the session finds set. */
struct account_environment {
	char runtime[64], bus[96], home[300];
	const char *list[5]; /* points into this very struct */
};
void account_environment(struct account_environment *environment, const struct account *account);

/* Runs argv (argv[0] an absolute path) with exactly the environment given, as account or, when
 * NULL, as ourselves. Its output goes to our standard error. False, with what went wrong, unless it
 * ends with 0 within timeout_ms; past that it is killed. */
bool command_run(const char *const *argv, const char *const *environment,
    const struct account *account, int timeout_ms, struct rpc_error *error);
/* The same, and with what status it ended: -1 when it did not by itself. */
bool command_run_status(const char *const *argv, const char *const *environment,
    const struct account *account, int timeout_ms, int *exit_status, struct rpc_error *error);
