/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone's memory and devices on their way between QEMU and a sealed file, in a thread: what QEMU
 * writes goes through memory_delta_filter() into the file, and back it is QEMU that reads. Each
 * answers from the main loop, once, also after QEMU has gone.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "qvisor/sealed_file.h"

struct memory_figures {
	uint64_t pages, kept; /* of guest memory, 4 KiB each; `kept`: those that are in the file */
};

/* `figures` is NULL when `error` is set. */
typedef void (*memory_saved_fn)(
    void *data, const struct memory_figures *figures, const GError *error);
typedef void (*memory_loaded_fn)(void *data, const GError *error);

/* Maps the template's memory at `path`, `size` bytes; *base is NULL when `path` is. The caller
 * unmaps it. */
bool memory_base_map(const char *path, uint64_t size, uint8_t **base, GError **error);

/* Takes `socket`, to which QEMU migrates. `path` is made anew, mode 0600, and is on the disk when
 * this answers without error; what is left of it after one is removed. `base`: the template's
 * memory file, NULL when the phone was booted cold; `size`: of the guest's memory. */
void memory_file_save(int socket, const char *path, const uint8_t key[SEALED_KEY_SIZE],
    const char *base, uint64_t size, memory_saved_fn done, void *data);

/* Takes `socket`, from which QEMU loads; ends it when all is said, or when the file is not what was
 * saved. */
void memory_file_load(int socket, const char *path, const uint8_t key[SEALED_KEY_SIZE],
    memory_loaded_fn done, void *data);
