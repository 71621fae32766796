/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What qvisord may ask of qvisor-launch: one message of a SOCK_SEQPACKET socket, strings that each
 * end in NUL. Plain C, no allocation: the strings point into the message.
 *
 *   "qvl1" "start" UUID [FILE...] "--" [ARGUMENT...]   descriptors: QMP, agent, log
 *   "qvl1" "kill"                                      descriptor: a pidfd
 *
 * FILE is an absolute path that QEMU may read; ARGUMENTs are QEMU's, without its name and without
 * what is the launcher's: the sandbox, user and root.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAUNCH_MESSAGE_MAX 32768
#define LAUNCH_FILES_MAX 8
#define LAUNCH_ARGUMENTS_MAX 200
#define LAUNCH_PATH_MAX 1024
#define LAUNCH_START_FDS 3

enum launch_operation { LAUNCH_START, LAUNCH_KILL };

struct launch_request {
	enum launch_operation operation;
	const char *uuid;
	const char *files[LAUNCH_FILES_MAX];
	unsigned file_count;
	const char *arguments[LAUNCH_ARGUMENTS_MAX];
	unsigned argument_count;
};

/* The answer; with a pidfd when it was a start and `error` is empty. */
struct launch_reply {
	int32_t pid;
	char error[252]; /* "": done */
};

/* NULL, or what is wrong with it. `message` lives as long as the request is used. */
const char *launch_request_parse(
    struct launch_request *request, const char *message, size_t size, unsigned fd_count);
