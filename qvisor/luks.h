/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a LUKS volume, version 1 (LUKS On-Disk Format Specification 1.2.3, Fruhwirth): header and
 * one key slot, aes-xts-plain64 of 512 bits, sha256. For passphrases that are random keys
 * themselves: they are stretched by as little as PBKDF2 allows (RFC 8018, 4.2), so that opening
 * takes a millisecond. qemu-img(1) writes the same, but measures for two seconds how much more it
 * could stretch (docs/decisions/130).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define LUKS_MAGIC "LUKS\xba\xbe"
#define LUKS_MAGIC_SIZE 6
#define LUKS_SECTOR 512
#define LUKS_PAYLOAD (2 * 1024 * 1024) /* bytes before what is encrypted */
#define LUKS_KEY_SIZE 64

/* Writes header and key slot of a new volume into `fd`, and tells its master key, which the caller
 * cleanses. `uuid` as text. */
bool luks_format(
    int fd, const char *passphrase, const char *uuid, uint8_t key[LUKS_KEY_SIZE], GError **error);
/* Encrypts whole sectors in place; `sector` counts from the payload's begin. */
bool luks_encrypt(
    const uint8_t key[LUKS_KEY_SIZE], uint64_t sector, uint8_t *bytes, size_t n, GError **error);
