/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole small files: read with a bound, written so that a crash leaves the old one or the new one.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The file's bytes and, after them, a NUL that *n does not count. Not there: QVMI_ERROR_NOT_FOUND;
 * longer than `max`: QVMI_ERROR_TOO_LARGE. Caller frees. `n` may be NULL. */
char *file_load(const char *path, size_t max, size_t *n, GError **error);

/* Temporary name in the same folder, exactly `mode` whatever the umask, fsync, rename, fsync of the
 * folder. A full disk is QVMI_ERROR_EXHAUSTED and leaves nothing. */
bool file_store(const char *path, const void *bytes, size_t n, int mode, GError **error);

/* A folder with its parents, mode 0700 where it makes one. */
bool file_make_folder(const char *path, GError **error);
