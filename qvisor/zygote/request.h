/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What qvisord and the library in a waiting QEMU say to each other: a message of a SOCK_SEQPACKET
 * socket each way, one request at a time. Plain C.
 */
#pragma once

#include <stdint.h>

#define ZYGOTE_MAGIC 0x71767a31 /* "qvz1" */
/* How often one can be forked. */
#define ZYGOTE_FORKS_MAX 480
/* The environment variable that wakes the library: the socket's descriptor, and in a jail a
 * directory descriptor of /proc/self, which it cannot open there itself ("5" or "5,6"). */
#define ZYGOTE_VARIABLE "QVMI_ZYGOTE"

/* Where a jail has proc(5)'s pagemap of the process that is in it. */
#define ZYGOTE_PAGEMAP "/pagemap"
/* In a jail each child has another user id, counted from this one in the user namespace that the
 * jail is in then (launch_users.h). */
#define ZYGOTE_FIRST_USER 1000000000

/* What a child is given, as descriptors in this order; those of a request without their bit in
 * `given` are left out. */
enum zygote_given {
	GIVEN_QMP,    /* listening socket */
	GIVEN_AGENT,  /* listening socket */
	GIVEN_LOG,    /* open for writing */
	GIVEN_DISK,   /* a copy of its own, open for writing */
	GIVEN_FOLDER, /* its working directory; none in a jail */
	GIVEN_COUNT
};

struct zygote_request {
	uint32_t magic;
	uint32_t given; /* bits; 0: only asks whether it can be forked */
	char uuid[40];  /* the phone's; NUL-terminated */
};

/* With a pidfd when a QEMU was forked, of one that has failed and ends, too. It is stopped
 * ("paused"), as the one that it comes from. */
struct zygote_reply {
	int32_t pid;
	char error[252]; /* "": done */
};
