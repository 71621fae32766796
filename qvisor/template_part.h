/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folder that a template is made in: NAME-KEY.part, locked against other daemons, and at the
 * end renamed to NAME-KEY or deleted. Main thread; embedded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "qvisor/manifest.h"

struct template_part {
	char *path, *final;
	int lock; /* exclusive, on `path`; -1: not ours */
};

/* Only the names: NAME-KEY below `template_folder`. */
void template_part_init(
    struct template_part *part, const char *template_folder, const char *name, const char *key);
/* Deletes it, if it is ours and has not got its name. */
void template_part_finish(struct template_part *part);
/* An empty folder, ours alone: what an interrupted build left goes. QVMI_ERROR_CONFLICT: another
 * daemon builds the same. */
bool template_part_claim(struct template_part *part, GError **error);
/* Whether `mib` are free there: QVMI_ERROR_EXHAUSTED. */
bool template_part_check_room(const struct template_part *part, uint64_t mib, GError **error);
/* The phone's disk, on the image's; *disk is its path, the caller's to free, NULL when the image
 * has none. */
bool template_part_make_disk(
    const struct template_part *part, const struct manifest *manifest, char **disk, GError **error);
/* An empty file for the phone's memory, which QEMU sizes; in a jail it may make none itself.
 * *memory is its path, the caller's to free. */
bool template_part_make_memory(const struct template_part *part, char **memory, GError **error);
/* Removes what belonged to the process and not to the template. */
void template_part_sweep(const struct template_part *part);
/* Gives it its name, which is NAME-KEY-TIME where phones may still need a NAME-KEY; `final` says
 * which. It is not locked any more. */
bool template_part_commit(struct template_part *part, GError **error);
