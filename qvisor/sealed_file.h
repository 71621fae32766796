/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that is worth nothing without its key: what a user's memory is kept in. AES-256-GCM in
 * chunks of 1 MiB, numbered, the last one marked, under a key that HMAC-SHA-256 makes of the given
 * key and a random salt of the file's own; so chunks that are changed, exchanged, repeated or cut
 * off are noticed (the STREAM construction: Hoang, Reyhanitabar, Rogaway, Vizar, "Online
 * Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015). Any thread, one at
 * a time.
 *
 *   "QVMISEA1" | salt, 32 | chunks: ciphertext, up to 2^20, and its tag, 16
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

#define SEALED_KEY_SIZE 32

struct sealed_writer;
struct sealed_reader;

/* Borrows `fd`, an empty file; `key` has SEALED_KEY_SIZE bytes and is not needed afterwards. */
struct sealed_writer *sealed_writer_new(int fd, const uint8_t *key, GError **error);
/* A full disk is QVMI_ERROR_EXHAUSTED. */
bool sealed_write(struct sealed_writer *writer, const void *bytes, size_t n, GError **error);
/* Writes the last chunk and waits for the disk (fsync). */
bool sealed_writer_finish(struct sealed_writer *writer, GError **error);
void sealed_writer_free(struct sealed_writer *writer);

/* Borrows `fd`. QVMI_ERROR_CORRUPT when it is no such file. */
struct sealed_reader *sealed_reader_new(int fd, const uint8_t *key, GError **error);
/* The next chunk, verified, valid until the next call; *n is 0 at the end. NULL with
 * QVMI_ERROR_CORRUPT when it is not what was written with this key. */
const uint8_t *sealed_read(struct sealed_reader *reader, size_t *n, GError **error);
void sealed_reader_free(struct sealed_reader *reader);

DEFINE_CLEANUP(sealed_writer);
DEFINE_CLEANUP(sealed_reader);
