/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A forked process shares every open file with its parent. Here each that has a state is replaced,
 * under its own number, by another of the same kind: eventfds by new ones, listening sockets, the
 * log and the disk by those that the child is given. Read-only files and devices stay shared. What
 * is of no kind that is known, a connected socket above all, is an error that names it.
 */
#pragma once

#include "qvisor/zygote/request.h"

/* Before the fork: looks at all that is open and keeps it in mind. `proc` is a directory descriptor
 * of /proc/self, `own` those that are the library's, beside guest_memory_has(). NULL, or what is
 * wrong. */
const char *descriptors_survey(int proc, const int *own, unsigned own_count);
/* After the survey: the memfd of that inode, -1 if there is none. */
int descriptors_memfd(unsigned long inode);
/* In the child; memfds become /dev/null, so that whoever is sent one to map it is told at once. A
 * `given` one that there is not is -1. NULL, or what is wrong. */
const char *descriptors_replace(const int given[static GIVEN_COUNT]);
