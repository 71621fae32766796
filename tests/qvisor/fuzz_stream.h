/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For fuzz targets of a peer's end: what libFuzzer makes comes out of a socket, cut into pieces, on
 * the default main context. The first byte says how large they are.
 */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* [0] is the peer's end, [1] that of what is tested. */
static inline void fuzz_pair(int pair[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair))
		abort();
}

static inline void fuzz_settle(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

static inline void fuzz_feed(int fd, const uint8_t *data, size_t size)
{
	size_t step = size ? 1 + 16U * data[0] : 1;
	for (size_t at = 1; at < size; at += step) {
		size_t n = size - at < step ? size - at : step;
		/* What was tested may have hung up. */
		if (send(fd, data + at, n, MSG_NOSIGNAL) != (ssize_t)n)
			break;
		fuzz_settle();
	}
	shutdown(fd, SHUT_WR);
	fuzz_settle();
}
