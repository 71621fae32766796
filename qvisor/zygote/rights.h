/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In a jail (qvisor-launch) the QEMU that is forked is root of a user namespace with a block of
 * user ids. A child takes the next of them and keeps nothing else: no group, no capability, and no
 * way to one by the launcher's filter.
 */
#pragma once

#include <stdbool.h>

/* `jailed`: there are ids to be given away; else there is nothing to do. */
void rights_init(bool jailed);
/* What a child is to be made with, for clone(2). */
unsigned long rights_fork_flags(void);
/* Before each fork: the id of the child that comes. NULL, or that there is none left. */
const char *rights_next(void);
/* In the child, before its other threads are there: what one thread gives up only it has given up
 * (credentials(7)). NULL, or what is wrong. No allocation. */
const char *rights_drop(void);
