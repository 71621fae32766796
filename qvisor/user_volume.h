/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A user's volume, a folder:
 *   disk.luks   LUKS (luks.h), sparse; in it an ext4
 *   key         32 random bytes (phone_key.h); their hex digits open the LUKS
 *
 * Once a guest has had it the ext4 is the guest's: nothing here ever looks into it. Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define USER_VOLUME_DISK "disk.luks"

struct user_volume {
	uint64_t size_mib, used_mib; /* as the guest sees it; on the host's disk */
	int64_t created;             /* seconds since the epoch */
};

/* QVMI_ERROR_NOT_FOUND, or _CORRUPT when it is no volume. */
bool user_volume_read(const char *folder, struct user_volume *volume, GError **error);
/* Its disk, for QEMU: the caller closes the descriptor. -1 with error. */
int user_volume_open(const char *folder, GError **error);
/* Caller frees with secret_free(). NULL with QVMI_ERROR_CORRUPT when it has no key. */
char *user_volume_passphrase(const char *folder, GError **error);
bool user_volume_has_key(const char *folder);

/* Crypto-erase: the key goes first, and the disk is noise wherever copies of it are; then the
 * folder. */
bool user_volume_destroy(const char *folder, GError **error);
