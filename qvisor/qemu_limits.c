/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/qemu_limits.h"

#include <string.h>

/* What QEMU takes without being told (accel/tcg/region.c). */
#define CODE_CACHE_MIB 1024
/* QEMU itself, the screen's pictures, and of the files that it reads and writes what the kernel
 * keeps in memory: that is charged too, and comes back under pressure. */
#define OWN_MIB 512
/* Beside the guest's processors: devices, display and disk. */
#define OWN_PERCENT 100

static unsigned code_cache_mib(const struct qemu_command *command)
{
	if (strcmp(command->emulator.accelerator, "tcg"))
		return 0;
	return command->tb_size_mib ? command->tb_size_mib : CODE_CACHE_MIB;
}

struct qemu_limits qemu_limits_of(const struct qemu_command *command)
{
	const struct manifest *manifest = command->manifest;
	unsigned memory_mib = qemu_command_memory_mib(command);
	unsigned plugged_mib = qemu_command_dimms(manifest, memory_mib) * MANIFEST_DIMM_MIB;
	unsigned cpus = MAX(qemu_command_cpus(command), manifest->max_cpus);
	return (struct qemu_limits){
	    .memory_mib = memory_mib + plugged_mib + code_cache_mib(command) + OWN_MIB,
	    .cpu_percent = cpus * 100 + OWN_PERCENT,
	};
}
