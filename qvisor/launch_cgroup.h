/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A control group a phone (cgroups(7), version 2). A limit whose controller is not there is left
 * out: launch_cgroup_missing() says which. Plain C, root. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct launch_options;

/* Makes GROUP/UUID with its limits and puts the process in. False with errno. */
bool launch_cgroup_enter(const struct launch_options *options, const char *uuid, pid_t pid);
/* Removes those that nobody is in any more. */
void launch_cgroup_sweep(const struct launch_options *options);
/* Turns the controllers on for the groups below; writes the names of those that are not there. */
void launch_cgroup_prepare(const struct launch_options *options, char *missing, size_t size);
