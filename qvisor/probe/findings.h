/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an image is, judged by what image.h found: the phone OS, how open it is, whether the guest
 * has drivers for the machine that QVMI gives it, and what becomes of the board's own devices. Each
 * judgement comes with the evidence for it: where, and what is there.
 */
#pragma once

#include "qvisor/probe/image.h"

enum openness {
	OPENNESS_CLOSED,  /* neither kernel nor system can be made again */
	OPENNESS_KERNEL,  /* the kernel and its modules can be matched or replaced; no more */
	OPENNESS_SOURCES, /* sources and build tools of the system are to be had */
	OPENNESS_N
};

struct evidence {
	char *where, *says;
};

enum driver_state { DRIVER_MISSING, DRIVER_BUILT_IN, DRIVER_MODULE };

/* Of the devices that a QVMI phone has. */
struct driver {
	const char *device;  /* "virtio-gpu" */
	const char *without; /* what does not work when it is missing */
	enum driver_state state;
	bool needed;
	char where[160];
};

/* A device of the board that becomes another one, or none. */
struct replacement {
	const struct devicetree_node *node;
	const char *is, *becomes;
};

#define FINDINGS_DRIVERS 9

struct findings {
	char *os, *os_id,
	    *shell; /* "Debian GNU/Linux 13 (trixie)", "debian", "Phosh"; NULL: unknown */
	enum openness openness;
	GPtrArray *evidence; /* struct evidence */
	struct driver drivers[FINDINGS_DRIVERS];
	GArray *replacements; /* struct replacement */
	unsigned kept;        /* nodes of the device tree that are the machine's own business */
};

struct findings *findings_new(const struct image *image);
void findings_free(struct findings *findings);

/* "closed"; and in words. */
const char *openness_name(enum openness openness);
const char *openness_words(enum openness openness);

/* --- the three parts of findings_new() --- */
void findings_note(struct findings *findings, const char *where, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
void findings_identify(struct findings *findings, const struct image *image);
void findings_drivers(struct findings *findings, const struct image *image);
void findings_replace(struct findings *findings, const struct image *image);

DEFINE_CLEANUP(findings);
