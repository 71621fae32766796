/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processors and memory that the host has plugged, put to use: a kernel finds them by itself and
 * may leave them offline (Linux Documentation/core-api/cpu_hotplug.rst and
 * admin-guide/mm/memory-hotplug.rst), and not every guest has a device manager that sees to it.
 */
#pragma once

#include "agent/rpc.h"

#include <stdint.h>

#define MACHINE_SYSFS "/sys/devices/system"
#define MACHINE_CPUS_MAX 1024
#define MACHINE_MEMORY_MAX_MIB (1 << 24)

struct machine {
	unsigned cpus;
	uint64_t memory_mib; /* as the kernel counts its blocks: holes below them included */
};

/* What is offline goes online; `online` is what there is then. */
void machine_online(const char *sysfs, struct machine *online);
/* The same until there is as much as `wanted`, for at most timeout_ms. False, with what is missing,
 * when there is less then; `online` is filled either way. */
bool machine_wait(const char *sysfs, const struct machine *wanted, int timeout_ms,
    struct machine *online, struct rpc_error *error);
