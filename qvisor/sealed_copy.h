/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files sealed, opened, copied and overwritten, in a thread. Answers from the main loop,
 * once. */
#pragma once

#include "qvisor/sealed_file.h"

typedef void (*sealed_copied_fn)(void *data, const GError *error);

/* Each takes its descriptors. What was written is on the disk when it answers without error; what
 * to do with half of it is the caller's. */
void sealed_copy_seal(
    int from, int to, const uint8_t key[SEALED_KEY_SIZE], sealed_copied_fn done, void *data);
/* QVMI_ERROR_CORRUPT when `from` is not what was sealed with the key. */
void sealed_copy_open(
    int from, int to, const uint8_t key[SEALED_KEY_SIZE], sealed_copied_fn done, void *data);
/* A copy of what is encrypted already: `key` is not looked at. Holes stay holes, and where the file
 * system can share what is stored (FICLONE), it does. */
void sealed_copy_as_it_is(
    int from, int to, const uint8_t key[SEALED_KEY_SIZE], sealed_copied_fn done, void *data);
/* Zeroes over everything that the file has stored; holes stay. */
void sealed_copy_overwrite(int file, sealed_copied_fn done, void *data);
