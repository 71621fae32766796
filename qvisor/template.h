/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone image booted once and saved when ready: a folder with template.json, memory (guest RAM,
 * sparse), state (devices) and, with a disk, disk.qcow2 on top of the image's disk. Clones map and
 * back onto these files, so nobody writes to them again: they are mode 0444, and their checksums
 * are verified in a thread before the first clone of a daemon's life and whenever a file's size,
 * time or inode changes. Main thread.
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/cleanup.h"
#include "qvisor/manifest.h"

#define TEMPLATE_MAX_FILES 4
#define TEMPLATE_MAX_FAILURES 3

enum template_state {
	TEMPLATE_UNVERIFIED,
	TEMPLATE_READY,
	TEMPLATE_DAMAGED,
};

struct template_file {
	char *role; /* "memory", "state", "disk", "image" */
	char *path;
	char *sha256;         /* checksum.h */
	struct stat verified; /* as it was when the sum was right */
};

struct template
{
	char *name;
	char *key;    /* hash of all that made it */
	char *folder; /* absolute; its last part, NAME-KEY or NAME-KEY-TIME, is what phones refer to
	               */
	char *created; /* RFC 3339 */
	char *qemu_version, *accelerator;
	double cold_boot_s; /* power-on to ready */
	struct manifest *manifest;
	struct template_file files[TEMPLATE_MAX_FILES];
	unsigned n_files;
	enum template_state state;
	char *damage;       /* what does not verify */
	GPtrArray *waiters; /* of a verification that runs; NULL: none runs */
	unsigned users;     /* phones that need its files */
	unsigned failures;  /* clones in a row whose QEMU could not load the state */
	int lock; /* shared, on the folder: other daemons may clone, not delete; -1: none */
};

/* Empty but for its folder, for a build to fill in; not locked. */
struct template *template_new(const char *folder);
/* Reads FOLDER/template.json and locks the folder against deletion; nothing is verified yet.
 * QVMI_ERROR_CORRUPT when it cannot be understood. */
struct template *template_load(const char *folder, GError **error);
/* Writes FOLDER/template.json. */
bool template_store_record(const struct template *template, GError **error);
/* Adds a file with its sum; blocking, any thread as long as nobody else uses the template. */
bool template_add_file(struct template *template, const char *role, const char *path,
    GCancellable *cancellable, GError **error);
/* Path of a role's file, NULL if there is none. */
const char *template_path(const struct template *template, const char *role);

/* `error`: QVMI_ERROR_CORRUPT says what to do. */
typedef void (*template_verified_fn)(void *data, const GError *error);
/* Answers from the main loop; costs a few stat(2) when the files have been verified and are as they
 * were. */
void template_verify(struct template *template, template_verified_fn done, void *data);

/* Whether QEMU could load its state, after each try. Files that are what was saved may still be of
 * no use, to a QEMU that is another one than the version says for instance: after
 * TEMPLATE_MAX_FAILURES in a row the template is damaged. */
void template_loaded(struct template *template, bool loaded, const char *words);

/* Its files were summed a moment ago, by the build that made them. */
void template_trust(struct template *template);

/* For the API. Caller unrefs. */
JsonNode *template_json(const struct template *template);
/* Bytes on disk. */
uint64_t template_size(const struct template *template);
/* Deletes the folder and what is in it. QVMI_ERROR_CONFLICT while another daemon has it loaded. */
bool template_delete(struct template *template, GError **error);
/* The key of what would be built now. Caller frees. */
char *template_key(const struct manifest *manifest, const char *qemu_version,
    const char *accelerator, const char *cpu);

/* Reference counted: a verification in a thread keeps it. */
struct template *template_ref(struct template *template);
void template_free(struct template *template);
DEFINE_CLEANUP(template);
