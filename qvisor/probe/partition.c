/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/partition.h"

#include <stdio.h>
#include <string.h>

#define SECTOR 512

/* `width`: bytes a character, 2 for the UTF-16 of a GPT. */
static void set_name(struct partition *partition, const uint8_t *text, unsigned n, unsigned width)
{
	unsigned i = 0;
	for (; i < n && i + 1 < sizeof(partition->name); i++) {
		uint8_t c = text[(size_t)i * width];
		if (!c)
			break;
		partition->name[i] = c > ' ' && c <= '~' ? (char)c : '_';
	}
	partition->name[i] = 0;
}

static struct partition *add(struct partition_table *table)
{
	struct partition *partition = &table->partitions[table->count++];
	snprintf(partition->name, sizeof(partition->name), "%u", table->count);
	return partition;
}

static bool read_gpt(struct partition_table *table, struct source *disk)
{
	uint8_t header[92], entry[128];
	if (!source_read(disk, SECTOR, header, sizeof(header)) || memcmp(header, "EFI PART", 8))
		return false;
	uint64_t at = load_le64(header + 72), size = load_le32(header + 84);
	uint32_t count = load_le32(header + 80);
	if (at > UINT64_MAX / SECTOR || size < sizeof(entry) || size > 4096)
		return false;
	table->kind = "GPT";
	for (uint32_t i = 0; i < MIN(count, 256) && table->count < PARTITIONS_MAX; i++) {
		static const uint8_t none[16];
		if (!source_read(disk, at * SECTOR + i * size, entry, sizeof(entry)))
			break;
		uint64_t first = load_le64(entry + 32), last = load_le64(entry + 40);
		if (!memcmp(entry, none, sizeof(none)) || last < first ||
		    last >= disk->size / SECTOR)
			continue;
		struct partition *partition = add(table);
		if (entry[56])
			set_name(partition, entry + 56, 36, 2);
		partition->source = source_slice(disk, first * SECTOR, (last - first + 1) * SECTOR);
	}
	return true;
}

static bool read_mbr(struct partition_table *table, struct source *disk)
{
	uint8_t sector[SECTOR];
	if (!source_read(disk, 0, sector, sizeof(sector)) || load_le16(sector + 510) != 0xaa55)
		return false;
	table->kind = "MBR";
	for (unsigned i = 0; i < 4; i++) {
		const uint8_t *entry = sector + 446 + (size_t)i * 16;
		uint64_t first = load_le32(entry + 8), count = load_le32(entry + 12);
		/* The boot sector of a FAT file system has the same signature and no such entries.
		 */
		if ((entry[0] & 0x7f) || !entry[4] || !first || !count ||
		    first >= disk->size / SECTOR)
			continue;
		add(table)->source = source_slice(disk, first * SECTOR, count * SECTOR);
	}
	return table->count;
}

struct partition_table *partition_table_read(struct source *disk)
{
	AUTO(partition_table) table = g_new0(struct partition_table, 1);
	return read_gpt(table, disk) || read_mbr(table, disk) ? g_steal_pointer(&table) : NULL;
}

/* --- super --- */

#define SUPER_GEOMETRY 4096
#define SUPER_METADATA (SUPER_GEOMETRY + 2 * 4096)
#define SUPER_HEADER 128
#define SUPER_TABLES_MAX (1u << 20)
#define SUPER_PARTITION 52
#define SUPER_EXTENT 24

/* A table of the metadata: where its entries are. */
struct super_table {
	const uint8_t *entries;
	uint32_t count, size;
};

static bool find_table(
    struct super_table *table, const uint8_t *descriptor, GBytes *tables, uint32_t least)
{
	gsize n;
	const uint8_t *data = g_bytes_get_data(tables, &n);
	uint32_t at = load_le32(descriptor);
	table->count = load_le32(descriptor + 4);
	table->size = load_le32(descriptor + 8);
	if (table->size < least || at > n || (uint64_t)table->count * table->size > n - at)
		return false;
	table->entries = data + at;
	return true;
}

/* Only what is one piece can be looked into: the others are counted and left alone. */
static struct source *super_slice(
    struct source *super, const struct super_table *extents, uint32_t first, uint32_t count)
{
	if (count != 1 || first >= extents->count)
		return NULL;
	const uint8_t *extent = extents->entries + (size_t)first * extents->size;
	uint64_t sectors = load_le64(extent), at = load_le64(extent + 12);
	if (load_le32(extent + 8) != 0 || sectors > super->size / SECTOR ||
	    at > super->size / SECTOR)
		return NULL;
	return source_slice(super, at * SECTOR, sectors * SECTOR);
}

struct partition_table *partition_table_read_super(struct source *super)
{
	uint8_t geometry[52], header[SUPER_HEADER];
	struct super_table partitions, extents;
	if (!source_read(super, SUPER_GEOMETRY, geometry, sizeof(geometry)) ||
	    load_le32(geometry) != 0x616c4467 ||
	    !source_read(super, SUPER_METADATA, header, sizeof(header)) ||
	    load_le32(header) != 0x414c5030 || load_le32(header + 44) > SUPER_TABLES_MAX)
		return NULL;
	g_autoptr(GBytes) tables = source_bytes(
	    super, SUPER_METADATA + (uint64_t)load_le32(header + 8), load_le32(header + 44));
	if (!tables || !find_table(&partitions, header + 80, tables, SUPER_PARTITION) ||
	    !find_table(&extents, header + 92, tables, SUPER_EXTENT))
		return NULL;
	struct partition_table *table = g_new0(struct partition_table, 1);
	table->kind = "super";
	for (uint32_t i = 0; i < partitions.count && table->count < PARTITIONS_MAX; i++) {
		const uint8_t *entry = partitions.entries + (size_t)i * partitions.size;
		struct source *slice =
		    super_slice(super, &extents, load_le32(entry + 40), load_le32(entry + 44));
		if (!slice)
			continue;
		struct partition *partition = add(table);
		partition->source = slice;
		set_name(partition, entry, 36, 1);
	}
	return table;
}

void partition_table_free(struct partition_table *table)
{
	for (unsigned i = 0; table && i < table->count; i++)
		source_free(table->partitions[i].source);
	g_free(table);
}
