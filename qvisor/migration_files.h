/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a phone on their way to another host, while they are being written to: passes, each
 * of which sends the chunks that are not as they were sent before. After a pass over files at rest
 * the other side has them as they are. What a chunk was is known by a keyed checksum (GMAC: a guest
 * writes these files, and must not be able to make two chunks that look alike).
 *
 * The wire: a head (kind, file, two zero bytes, length, offset; big-endian), then `length` bytes of
 * payload of NAME, DATA and TROUBLE. Blocks: for a thread of its own.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

#define MIGRATION_CHUNK 65536 /* a qcow2 cluster as overlay.h makes them */
#define MIGRATION_FILES_MAX 96

/* How bytes go to the other side and come from there. */
struct migration_pipe {
	bool (*write)(void *data, const void *bytes, size_t n, GError **error);
	bool (*read)(void *data, void *bytes, size_t n, GError **error);
	void *data;
};

struct migration_files;

/* Of the folder: all that belong to a phone (migration_files_wanted()); and of the folder of its
 * user's volume, NULL: it has none. */
struct migration_files *migration_files_open(
    const char *folder, const char *volume, GError **error);
void migration_files_free(struct migration_files *files);
/* Sends what has changed and waits until the other side has it; on its disk when `durable`.
 * `*chunks`: how many were sent. What the other side says went wrong there is the error. */
bool migration_files_pass(struct migration_files *files, const struct migration_pipe *pipe,
    bool durable, unsigned *chunks, GError **error);
/* The last word: the other side is to take over. True when it says that it has; false with
 * QVMI_ERROR_CANCELLED when it says that it has not and never will, with another error when
 * nobody knows. */
bool migration_files_hand_over(const struct migration_pipe *pipe, GError **error);
/* Whether a file of this name is a phone's and goes along. */
bool migration_files_wanted(const char *name);
/* Where the file is that has this name on the wire; caller frees. NULL: no phone has such a file.
 * `volume` NULL: it has no volume. */
char *migration_files_path(const char *folder, const char *volume, const char *name);

/* The other side. */
struct migration_receiver {
	const char *folder;
	unsigned reserve_mib; /* stays free on their disks */
	const char *backing;  /* what overlay.qcow2 lies on here, NULL: no overlay is wanted */
	const char *format;   /* of that */
	const char *volume;   /* the folder of its user's volume; NULL: it has none */
};
/* True when the files are complete and we are to take over; whoever calls this says whether he
 * did, by migration_files_answer(). A wrong word of the other side is QVMI_ERROR_INVALID. */
bool migration_files_receive(
    const struct migration_receiver *receiver, const struct migration_pipe *pipe, GError **error);
/* NULL: we have taken over. */
bool migration_files_answer(
    const struct migration_pipe *pipe, const GError *trouble, GError **error);

DEFINE_CLEANUP(migration_files);
