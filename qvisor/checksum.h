/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SHA-256 (FIPS 180-4) of a sparse file by its content: every 64 KiB block that is not all zero is
 * hashed with its number, and at the end the size. So holes cost nothing to read, a copy with other
 * holes has the same sum, and a bit set in a hole is noticed. Blocking; any thread.
 */
#pragma once

#include <gio/gio.h>

#define CHECKSUM_BLOCK 65536

/* Lower-case hex, the caller's. `cancellable` may be NULL. */
char *checksum_file(const char *path, GCancellable *cancellable, GError **error);
