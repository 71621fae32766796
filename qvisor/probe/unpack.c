/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#define PIECE 65536

static const struct {
	const char *name, *magic;
	size_t n;
} methods[] = {
    {"gzip", "\x1f\x8b\x08", 3},
    {"xz",
        "\xfd"
        "7zXZ",
        6},
    {"zstd", "\x28\xb5\x2f\xfd", 4},
    {"lz4", "\x04\x22\x4d\x18", 4},
    {"lz4", "\x02\x21\x4c\x18", 4}, /* the old format, which the kernel and Android use */
    {"bzip2", "BZh", 3},
    {"lzma", "\x5d\x00\x00", 3},
};

const char *unpack_method(const uint8_t *data, size_t n)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(methods); i++)
		if (n >= methods[i].n && !memcmp(data, methods[i].magic, methods[i].n))
			return methods[i].name;
	return NULL;
}

static void read_all(struct archive *archive, GByteArray *plain, size_t max)
{
	g_autofree uint8_t *piece = g_malloc(PIECE);
	la_ssize_t got;
	while ((got = archive_read_data(archive, piece, PIECE)) > 0 && plain->len <= max)
		g_byte_array_append(plain, piece, (unsigned)got);
}

GBytes *unpack_bytes(const uint8_t *data, size_t n, size_t max)
{
	struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	GByteArray *plain = g_byte_array_new();
	archive_read_support_filter_gzip(archive);
	archive_read_support_filter_bzip2(archive);
	archive_read_support_filter_xz(archive);
	archive_read_support_filter_lzma(archive);
	archive_read_support_filter_lz4(archive);
	archive_read_support_filter_zstd(archive);
	archive_read_support_format_raw(archive);
	if (archive_read_open_memory(archive, data, n) == ARCHIVE_OK &&
	    archive_read_next_header(archive, &entry) == ARCHIVE_OK)
		read_all(archive, plain, max);
	archive_read_free(archive);
	if (plain->len && plain->len <= max)
		return g_byte_array_free_to_bytes(plain);
	g_byte_array_unref(plain);
	return NULL;
}
