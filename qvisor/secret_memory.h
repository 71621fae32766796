/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory for keys: locked (mlock(2)), so that it is on no swap, in no core dump, between guard
 * pages, and cleansed before it is given back. OpenSSL's secure heap (OPENSSL_secure_malloc(3)) of
 * SECRET_MEMORY_SIZE bytes; what does not fit, or comes before secret_memory_init(), is ordinary
 * memory that is cleansed all the same. Any thread.
 */
#pragma once

#include <glib.h>
#include <stddef.h>

#define SECRET_MEMORY_SIZE (256 * 1024)

/* Once, before any thread. Where the limit on locked memory is lower (RLIMIT_MEMLOCK) a warning
 * says so. */
void secret_memory_init(void);

/* Zeroed; never NULL. secret_free() takes NULL. */
void *secret_new(size_t size);
void *secret_copy(const void *bytes, size_t size);
char *secret_printf(const char *format, ...) G_GNUC_PRINTF(1, 2);
void secret_free(void *secret);

static inline void secret_cleanup(void *pointer)
{
	secret_free(*(void **)pointer);
}
/* Frees when the variable goes out of scope. */
#define SECRET __attribute__((cleanup(secret_cleanup)))
