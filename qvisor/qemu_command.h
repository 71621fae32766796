/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's command line for a phone. Template and clone must build the same machine, device for
 * device and in the same order, or the saved state does not load: so there is one function for all
 * of them.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "qvisor/accelerator.h"
#include "qvisor/manifest.h"

#define QEMU_CONSOLE_SIZE 65536U /* bytes that are kept of what the guest says there */

/* What the child finds open (process_spawn). */
enum {
	QEMU_FD_QMP = 3, /* listening UNIX sockets */
	QEMU_FD_AGENT = 4,
	QEMU_FD_FORK = 5, /* of a zygote (zygote.h), and in a jail its /proc/self */
	QEMU_FD_PROC = 6,
};

enum qemu_boot {
	QEMU_BOOT_TEMPLATE, /* from the kernel, memory shared with `memory` */
	QEMU_BOOT_CLONE,    /* from a saved state, memory copied on write from `memory` */
	QEMU_BOOT_COLD,     /* from the kernel, private memory */
	QEMU_BOOT_RESUME,   /* from a saved state that has all memory, too */
};

struct qemu_command {
	enum qemu_boot boot;
	const struct manifest *manifest;
	struct emulator emulator;
	unsigned cpus,
	    memory_mib; /* 0: the manifest's; others only where no template's memory is used */
	unsigned tb_size_mib; /* TCG's code cache */
	bool mem_merge;       /* the kernel may merge its pages with others' (KSM) */
	const char *uuid;
	const char *sockets; /* the folder in which QEMU makes qmp.sock and agent.sock; NULL: it
	                      * finds them open */
	const char *memory;  /* file; NULL with QEMU_BOOT_COLD and _RESUME */
	const char *disk;    /* qcow2 overlay; NULL: none */
	unsigned vsock_cid;  /* Android: where its adb daemon is, at port 5555 (vsock(7)) */
};

/* How many more DIMMs of MANIFEST_DIMM_MIB a machine that began with `memory_mib` takes. */
unsigned qemu_command_dimms(const struct manifest *manifest, unsigned memory_mib);
/* Caller frees with g_strfreev(). */
char **qemu_command_build(const struct qemu_command *command);
/* The same machine without what a libvirt domain says itself (libvirt_domain.c): program, name,
 * sandbox, accelerator. Likewise. */
char **qemu_command_build_domain(const struct qemu_command *command);
unsigned qemu_command_cpus(const struct qemu_command *command);
unsigned qemu_command_memory_mib(const struct qemu_command *command);
