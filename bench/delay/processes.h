/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processor time of a process and its children that run (proc(5)). */
#pragma once

#include <sys/types.h>

/* User and system, of all threads, in seconds; what has ended is not counted. */
double processes_cpu_s(pid_t pid);
