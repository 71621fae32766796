/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/secret_memory.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "common/sanitized.h"

#define SMALLEST 64  /* piece that is given out; a power of 2 */
#define LARGEST 4096 /* not a key any more, but what it protects */

/* Of each piece, so that all of it is cleansed wherever it came from. */
struct head {
	alignas(max_align_t) size_t size;
};

void secret_memory_init(void)
{
	/* OpenSSL keeps its own random generators there, too; a sanitizer does not look there for
	 * what points to memory, and takes all of theirs for lost. */
	if (SANITIZED)
		return;
	if (CRYPTO_secure_malloc_init(SECRET_MEMORY_SIZE, SMALLEST) != 1)
		g_warning("the memory for keys is not locked: raise the limit on locked memory "
		          "(RLIMIT_MEMLOCK) to %d KiB",
		    SECRET_MEMORY_SIZE / 1024);
}

void *secret_new(size_t size)
{
	struct head *head = size <= LARGEST ? OPENSSL_secure_zalloc(sizeof(*head) + size) : NULL;
	if (!head)
		head = OPENSSL_zalloc(sizeof(*head) + size);
	if (!head)
		g_error("no memory for a key");
	head->size = sizeof(*head) + size;
	return head + 1;
}

void *secret_copy(const void *bytes, size_t size)
{
	return memcpy(secret_new(size), bytes, size);
}

char *secret_printf(const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	size_t size = (size_t)vsnprintf(NULL, 0, format, arguments) + 1;
	char *text = secret_new(size);
	vsnprintf(text, size, format, again);
	va_end(again);
	va_end(arguments);
	return text;
}

void secret_free(void *secret)
{
	struct head *head = secret ? (struct head *)secret - 1 : NULL;
	if (head)
		OPENSSL_secure_clear_free(head, head->size);
}
