/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key of what is kept of a phone: FOLDER/key, 32 random bytes, mode 0600, made when it is first
 * needed. Destroyed it makes everything that was sealed with it unreadable at once, wherever copies
 * of that are. Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "qvisor/sealed_file.h"

/* Reads it, or makes it and waits for the disk: SEALED_KEY_SIZE bytes, the caller's, to be freed by
 * secret_free(). */
uint8_t *phone_key_load(const char *folder, GError **error);
/* Overwrites it, waits for the disk and removes it; true when there is none. */
bool phone_key_destroy(const char *folder, GError **error);
