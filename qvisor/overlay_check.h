/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether an overlay is whole, before a phone boots from it: QEMU reads what lies behind a file's
 * end as zeros, so a file that was cut short would cost data without a word. QEMU's
 * docs/interop/qcow2.rst has the format.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Reads the header and the mapping tables (8 KiB a GiB), not the data. QVMI_ERROR_CORRUPT when a
 * table or a cluster lies outside of the file, QVMI_ERROR_NOT_FOUND when it cannot be read. */
bool overlay_check(const char *path, GError **error);
