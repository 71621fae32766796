/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a display is reached by, -1 where there is none: our end of a connection to QEMU, and the
 * two ends, ours and QEMU's, of the pair that it shall talk to us by as its listener, where QEMU
 * would not take one that we make (because it is in a jail: qvisor/display.h).
 */
#pragma once

#include "common/cleanup.h"

#define DISPLAY_SOCKETS 3

struct display_sockets {
	int fds[DISPLAY_SOCKETS];
};

static inline void display_sockets_close(struct display_sockets *sockets)
{
	for (unsigned i = 0; i < DISPLAY_SOCKETS; i++) {
		fd_cleanup(&sockets->fds[i]);
		sockets->fds[i] = -1;
	}
}
