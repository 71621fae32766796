/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What qvisord may ask of qvisor-launch: one message of a SOCK_SEQPACKET socket, strings that each
 * end in NUL. Plain C, no allocation: the strings point into the message.
 *
 *   "qvl1" "start" UUID MIB PERCENT [FILE...] "--" [ARGUMENT...]   descriptors: QMP, agent, log
 *   "qvl1" "zygote" UUID MIB PERCENT [FILE...] "--" [ARGUMENT...]  likewise, and a socket
 *   "qvl1" "build" UUID FOLDER MIB PERCENT [FILE...] "--" [ARGUMENT...]   likewise
 *   "qvl1" "confine" UUID PARENT MIB PERCENT                       a pidfd
 *   "qvl1" "kill"                                                  a pidfd
 *   "qvl1" "pair"                                                  a pidfd, a UNIX socket
 *   "qvl1" "about"
 *
 * A phone writes its overlay; a template's first boot the memory and the disk in FOLDER, NAME.part
 * below the template folder. MIB of memory and PERCENT of a processor are what this QEMU needs; 0:
 * no limit but the launcher's own. FILE is an absolute path that QEMU may read; ARGUMENTs are
 * QEMU's, without its name and without what is the launcher's: the sandbox, user and root. A pair
 * is two sockets of whoever has made the one that comes along, but from inside that QEMU's pid
 * namespace (decision 180). A zygote is started with the library that forks it (qvisor/zygote), the
 * socket is how; its children, PARENT is the zygote's uuid, have no disk and no limits of their own
 * until they are confined.
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
#define LAUNCH_ZYGOTE_FDS 4
#define LAUNCH_PAIR_FDS 2

enum launch_operation { LAUNCH_START, LAUNCH_CONFINE, LAUNCH_KILL, LAUNCH_PAIR, LAUNCH_ABOUT };

struct launch_request {
	enum launch_operation operation;
	const char *uuid;   /* of a boot one that nobody else has */
	const char *folder; /* a template's first boot; NULL: a phone */
	bool zygote;        /* one that phones are forked from */
	const char *parent; /* the uuid of the one that it was forked from */
	unsigned memory_mib, cpu_percent;
	const char *files[LAUNCH_FILES_MAX];
	unsigned file_count;
	const char *arguments[LAUNCH_ARGUMENTS_MAX];
	unsigned argument_count;
};

/* The answer, where `error` is empty with a pidfd for a start or build and with two sockets for a
 * pair. */
struct launch_reply {
	int32_t pid;
	char error[252];               /* "": done */
	uint32_t first_uid, uid_count; /* "about": of the users that phones run as */
	char without[64];              /* "about": "memory, io": what a phone has no limit of */
};

/* NULL, or what is wrong with it. `message` lives as long as the request is used. */
const char *launch_request_parse(
    struct launch_request *request, const char *message, size_t size, unsigned fd_count);
