/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new, empty qcow2 (version 3) on top of a backing file: QEMU docs/interop/qcow2.rst. Written
 * here because starting qemu-img takes ten times as long as the four clusters it writes.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* `backing` is stored as it is given (absolute), its format beside it ("raw", "qcow2"), never
 * guessed. `path` must not exist. A full disk is QVMI_ERROR_EXHAUSTED; nothing is left behind on
 * any error. */
bool overlay_create(const char *path, const char *backing, const char *format,
    uint64_t virtual_size, GError **error);
/* Of an overlay that comes from elsewhere, its first cluster (`n` bytes in memory): lays it on
 * `backing`. QVMI_ERROR_CORRUPT when it is not one as overlay_create() and QEMU make them, or names
 * another file beside. */
bool overlay_rebase(
    uint8_t *cluster, size_t n, const char *backing, const char *format, GError **error);
/* The size a guest sees of a raw or qcow2 file; sets *format to "raw" or "qcow2" (a static string).
 * 0 with error. */
uint64_t overlay_virtual_size(const char *path, const char **format, GError **error);
