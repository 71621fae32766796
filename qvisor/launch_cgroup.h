/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A control group a phone (cgroups(7), version 2; the kernel's admin-guide/cgroup-v2.rst). A limit
 * whose controller is not there is left out, and said to be. Plain C, root.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct launch_options;
struct launch_request;

/* Once, before the first phone: turns the controllers on for the groups below, finds the disk that
 * the state folder is on, and writes into options->without what there will be no limit of. */
void launch_cgroup_prepare(struct launch_options *options);
/* Makes GROUP/UUID with its limits and puts the process in. False with errno. */
bool launch_cgroup_enter(
    const struct launch_options *options, const struct launch_request *request, pid_t pid);
/* Removes those that nobody is in any more. */
void launch_cgroup_sweep(const struct launch_options *options);
