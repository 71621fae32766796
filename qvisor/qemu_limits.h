/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a phone's QEMU may use at most of the host, from what its machine is: for control groups, by
 * qvisor-launch or by libvirt. Generous: it ends a QEMU that was taken over or leaks, and no other.
 */
#pragma once

#include "qvisor/qemu_command.h"

struct qemu_limits {
	unsigned memory_mib;
	unsigned cpu_percent; /* 100: one processor */
};

struct qemu_limits qemu_limits_of(const struct qemu_command *command);
