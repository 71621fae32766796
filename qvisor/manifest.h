/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a phone image says about itself: kind, files, machine, screen, devices, when it is ready.
 * README.md has the format.
 *
 * Read strictly: an unknown member, a missing file, a value out of its range is QVMI_ERROR_INVALID
 * that names the member.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "qvisor/gesture.h"

#define MANIFEST_MAX_SIZE (64 * 1024)
#define MANIFEST_SYSTEMS_MAX 6
#define MANIFEST_SETTLE_S 2   /* where it says nothing */
#define MANIFEST_DIMM_MIB 128 /* what Linux puts online at once, on x86_64 */
#define MANIFEST_DIMMS_MAX 16

enum manifest_kind {
	MANIFEST_LINUX,   /* a Linux system with our agent in it */
	MANIFEST_ANDROID, /* its adb daemon is the agent; docs/decisions/140 */
};

enum manifest_architecture { MANIFEST_X86_64, MANIFEST_AARCH64 };

enum manifest_touch {
	MANIFEST_TABLET,     /* one absolute pointer */
	MANIFEST_MULTITOUCH, /* ten fingers, and the absolute pointer beside it */
};

/* An image of one of Android's partitions. */
struct manifest_system {
	char *partition; /* "super", "vbmeta" ...; the disk's serial number */
	char *file;      /* absolute path */
};

struct manifest {
	enum manifest_kind kind;
	char *name; /* of the template: [a-z0-9-], 1 to 32 */
	char *disk; /* absolute paths; NULL: the machine has no disk; of Android, its user data */
	char *kernel, *initrd;
	struct manifest_system systems[MANIFEST_SYSTEMS_MAX]; /* Android alone; only read */
	unsigned system_count;
	char *cmdline;
	enum manifest_architecture architecture;
	unsigned cpus, memory_mib;
	/* What it can be given while it runs, a DIMM at a time; no more than it has: nothing. */
	unsigned max_cpus, max_memory_mib;
	unsigned width, height; /* pixels */
	enum manifest_touch touch;
	unsigned ready_timeout_s;
	unsigned settle_s; /* that a template rests after that, until it is saved */
	struct gesture rehearsal[GESTURES_MAX]; /* rehearsal.h */
	unsigned rehearsal_count;
};

struct manifest *manifest_load(const char *path, GError **error);
/* `folder`: what relative paths are relative to. */
struct manifest *manifest_parse(JsonObject *object, const char *folder, GError **error);
/* The same format, with absolute paths. Caller unrefs. */
JsonNode *manifest_json(const struct manifest *manifest);
void manifest_free(struct manifest *manifest);

/* As QEMU says it: "x86_64". */
const char *manifest_architecture_name(enum manifest_architecture architecture);
/* Fingers the screen can tell apart; 0: only a pointer. */
unsigned manifest_touch_points(const struct manifest *manifest);
/* Names of templates and phones: [a-z0-9-], 1 to 32, no dash at the ends. */
bool manifest_name_valid(const char *name);

DEFINE_CLEANUP(manifest);
