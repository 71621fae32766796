/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The platform without anybody else: QEMU is our own child, in a session of its own so that it
 * outlives us, or, with a launcher, qvisor-launch's (launcher.h). Main thread. */
#pragma once

#include "qvisor/platform.h"

/* `launcher`: qvisor-launch's socket, NULL: none. Both texts outlive it. */
struct platform *native_new(const char *launcher, const char *state_folder);
