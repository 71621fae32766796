/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How QEMU runs guest code here: KVM where it works, else TCG. A device node that opens proves
 * nothing (nested virtualisation may hang or abort a guest), so KVM is believed when a tiny guest
 * has gone through real, protected and long mode under it, within 5 s.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/cleanup.h"

#define ACCELERATOR_PROBE_MS 5000
#define ACCELERATOR_EXIT_CODE 85 /* isa-debug-exit: (0x2a << 1) | 1 */

extern const unsigned char accelerator_payload[];
extern const size_t accelerator_payload_size;

/* The QEMU that runs guests of one architecture. */
struct emulator {
	const char *qemu;        /* program */
	const char *accelerator; /* "kvm" or "tcg" */
	const char *cpu;         /* CPU model */
};

struct accelerator {
	char *name;   /* "kvm" or "tcg" */
	char *cpu;    /* QEMU's CPU model for it */
	char *reason; /* why, in words: "kvm: unusable (probe timed out after 5 s)" */
};

/* `wanted`: "auto", "kvm" or "tcg". The answer to "auto" is kept in `cache_folder`, under kernel
 * release, QEMU version and processor model. "kvm" that fails the probe is QVMI_ERROR_UNAVAILABLE.
 * Blocks up to the probe's limit. */
struct accelerator *accelerator_find(const char *wanted, const char *qemu, const char *qemu_version,
    const char *cache_folder, GError **error);
/* One probe, never cached: true, or false with error that says what happened. */
bool accelerator_probe(const char *qemu, const char *name, const char *cpu, GError **error);
void accelerator_free(struct accelerator *accelerator);

/* "10.0.2" of `qemu --version`. Caller frees. QVMI_ERROR_NOT_FOUND when there is no such program.
 */
char *qemu_version(const char *qemu, GError **error);

DEFINE_CLEANUP(accelerator);
