/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libFuzzer target: QEMU's migration stream. What is left of it goes through once more: it is such
 * a stream still, of which nothing more can be left out but what a page was written over with. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "qvisor/memory_delta.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t base[16 * MEMORY_DELTA_PAGE];

static bool collect(void *data, const void *bytes, size_t n, GError **error)
{
	(void)error;
	g_byte_array_append(data, bytes, (guint)n);
	return true;
}

static GByteArray *filter(const uint8_t *data, size_t size, struct memory_delta *delta)
{
	AUTO_FD fd = memfd_create("stream", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET))
		abort();
	g_autoptr(GByteArray) out = g_byte_array_new();
	*delta = (struct memory_delta){
	    .fd = fd, .base = base, .size = sizeof(base), .write = collect, .data = out};
	g_autoptr(GError) error = NULL;
	bool good = memory_delta_filter(delta, &error);
	if (good == !!error)
		abort();
	return good ? g_steal_pointer(&out) : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct memory_delta first, second;
	g_autoptr(GByteArray) once = filter(data, size, &first);
	if (!once)
		return 0;
	g_autoptr(GByteArray) twice = filter(once->data, once->len, &second);
	if (!twice || first.kept > first.pages || second.pages != first.kept ||
	    second.kept != first.kept || once->len != twice->len ||
	    memcmp(once->data, twice->data, once->len) != 0)
		abort();
	return 0;
}
