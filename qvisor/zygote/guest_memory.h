/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's memory of a QEMU that is forked. It is mapped privately from the template's file;
 * what its guest has written since is put into a second file, which is mapped in its place:
 * children share that as they do the template's, and what of it they have written can be told from
 * what they have not changed (give_back.h).
 */
#pragma once

#include <stdbool.h>

/* Before the first fork, while the guest is stopped; does nothing the next time. `proc`: a
 * directory descriptor of /proc/self. NULL, or what is wrong, and stays so. */
const char *guest_memory_share(int proc);
/* Whether a descriptor is one that this keeps open, here and in the children. */
bool guest_memory_has(int fd);
