/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders of phones and templates: one level deep, regular files and sockets only. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Makes it (mode 0700), with its parents; it may be there already. A full disk is
 * QVMI_ERROR_EXHAUSTED. */
bool folder_make(const char *path, GError **error);
/* Deletes what is in it and the folder itself; subfolders are not followed and make it fail. Not
 * there: true. It gets another name first, in one step: who is killed over it leaves no half of a
 * phone, but a folder that folder_is_being_deleted() knows by its name and that is to be deleted.
 */
bool folder_delete(const char *path, GError **error);
bool folder_is_being_deleted(const char *name);
/* Locks it against other daemons (flock(2)): a shared lock keeps it from being deleted, an
 * exclusive one is for who makes or deletes it. A descriptor, which the caller closes to unlock; -1
 * with QVMI_ERROR_CONFLICT when another daemon's lock forbids it. */
int folder_lock(const char *path, bool exclusive, GError **error);
/* MiB free for us in the file system of `path`; 0 when that cannot be known. */
uint64_t folder_free_mib(const char *path);
