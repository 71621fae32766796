/* SPDX-License-Identifier: GPL-2.0-or-later */
/* FAT12, FAT16 and FAT32 with long names: Microsoft's "FAT32 File System Specification" 1.03. */
#include <string.h>

#include "qvisor/probe/tree.h"

#define ENTRY_SIZE 32
#define FOLDER_MAX (65536u * ENTRY_SIZE) /* section "Root Directory": what a folder may have */
#define LONG_UNITS 13                    /* UTF-16, in an entry */
#define LONG_ENTRIES_MAX 20

enum attribute { ATTRIBUTE_VOLUME = 0x08, ATTRIBUTE_FOLDER = 0x10, ATTRIBUTE_LONG = 0x0f };

struct fat_tree {
	struct tree tree;
	struct source *source;
	unsigned bits; /* of an entry of the table */
	uint64_t table_at, data_at;
	uint32_t cluster_bytes;
	uint32_t clusters;
	uint32_t root;    /* FAT32: its first cluster */
	uint64_t root_at; /* others: a place of its own */
	uint32_t root_entries;
};

/* A file or folder; `cluster` 0: none, or the root of FAT12 and FAT16. */
struct fat_file {
	uint32_t cluster, size;
	bool folder;
};

/* --- clusters --- */

static bool is_cluster(const struct fat_tree *fat, uint32_t cluster)
{
	return cluster >= 2 && cluster - 2 < fat->clusters;
}

/* The one after; 0: it was the last, or the table is damaged. */
static uint32_t next_cluster(const struct fat_tree *fat, uint32_t cluster)
{
	uint8_t entry[4] = {0};
	uint64_t at = fat->table_at + (uint64_t)cluster * fat->bits / 8;
	if (!source_read(fat->source, at, entry, fat->bits == 32 ? 4 : 2))
		return 0;
	uint32_t next = load_le32(entry);
	if (fat->bits == 12)
		next = (cluster & 1 ? next >> 4 : next) & 0xfff;
	next &= 0x0fffffff; /* FAT32 uses 28 */
	return is_cluster(fat, next) ? next : 0;
}

/* `n` bytes of the chain that begins with `cluster`, or as many as it has when `partly`. */
static GBytes *read_chain(const struct fat_tree *fat, uint32_t cluster, size_t n, bool partly)
{
	g_autofree uint8_t *data = g_try_malloc(n + 1);
	size_t done = 0;
	for (uint32_t left = fat->clusters; data && done < n && is_cluster(fat, cluster) && left;
	     left--) {
		size_t want = MIN(n - done, fat->cluster_bytes);
		uint64_t at = fat->data_at + (uint64_t)(cluster - 2) * fat->cluster_bytes;
		if (!source_read(fat->source, at, data + done, want))
			break;
		done += want;
		cluster = next_cluster(fat, cluster);
	}
	return data && (done == n || partly) ? g_bytes_new_take(g_steal_pointer(&data), done)
	                                     : NULL;
}

/* --- folders --- */

struct fat_names {
	const uint8_t *at, *end;
	char *name; /* of the entry that names_next found */
	struct fat_file file;
	uint16_t units[LONG_ENTRIES_MAX * LONG_UNITS];
	unsigned awaited; /* the number of the long entry that has to come next; 0: none is */
	unsigned length;  /* in units, of the long name that is whole; 0: there is none */
	uint8_t checksum; /* of the short name that the long one goes with */
};

static void take_long_entry(struct fat_names *names, const uint8_t *entry)
{
	static const uint8_t places[LONG_UNITS] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
	unsigned number = entry[0] & 0x3f;
	bool last = entry[0] & 0x40; /* the name's end comes first */
	if (!number || number > LONG_ENTRIES_MAX || (!last && number != names->awaited) ||
	    (!last && entry[13] != names->checksum)) {
		names->awaited = names->length = 0;
		return;
	}
	if (last)
		names->length = number * LONG_UNITS;
	names->checksum = entry[13];
	names->awaited = number - 1;
	for (unsigned i = 0; i < LONG_UNITS; i++) {
		unsigned at = (number - 1) * LONG_UNITS + i;
		names->units[at] = load_le16(entry + places[i]);
		if (!names->units[at])
			names->length = MIN(names->length, at);
	}
}

/* Section "Short Directory Entries": 8 and 3 letters, of which any may be blank. */
static char *short_name(const uint8_t *entry)
{
	char name[13] = "";
	size_t n = 0;
	for (unsigned i = 0; i < 11; i++) {
		char letter = (char)(i == 0 && entry[0] == 0x05 ? 0xe5 : entry[i]);
		bool lower = entry[12] & (i < 8 ? 0x08 : 0x10); /* as Windows NT writes them */
		if (letter == ' ')
			continue;
		if (i >= 8 && !memchr(name, '.', n))
			name[n++] = '.';
		name[n++] = lower ? g_ascii_tolower(letter) : letter;
	}
	return g_utf8_make_valid(name, (gssize)n);
}

static char *name_of(const struct fat_names *names, const uint8_t *entry)
{
	uint8_t sum = 0;
	for (unsigned i = 0; i < 11; i++)
		sum = (uint8_t)((sum >> 1 | sum << 7) + entry[i]);
	char *name = NULL;
	if (names->length && !names->awaited && sum == names->checksum)
		name = g_utf16_to_utf8(names->units, names->length, NULL, NULL, NULL);
	return name ? name : short_name(entry);
}

/* The next file or folder; false: there is none. */
static bool names_next(struct fat_names *names)
{
	while (names->end - names->at >= ENTRY_SIZE && *names->at) {
		const uint8_t *entry = names->at;
		names->at += ENTRY_SIZE;
		if (*entry != 0xe5 && (entry[11] & 0x3f) == ATTRIBUTE_LONG) {
			take_long_entry(names, entry);
			continue;
		}
		bool shown = *entry != 0xe5 && *entry != '.' && !(entry[11] & ATTRIBUTE_VOLUME);
		g_clear_pointer(&names->name, g_free);
		if (shown) {
			names->name = name_of(names, entry);
			names->file = (struct fat_file){
			    (uint32_t)load_le16(entry + 20) << 16 | load_le16(entry + 26),
			    load_le32(entry + 28), entry[11] & ATTRIBUTE_FOLDER};
		}
		names->awaited = names->length = 0;
		if (shown)
			return true;
	}
	g_clear_pointer(&names->name, g_free);
	return false;
}

static GBytes *read_folder(const struct fat_tree *fat, const struct fat_file *folder)
{
	if (folder->cluster)
		return read_chain(fat, folder->cluster, FOLDER_MAX, true);
	return source_bytes(fat->source, fat->root_at, fat->root_entries * ENTRY_SIZE);
}

static bool names_begin(struct fat_names *names, const struct fat_tree *fat,
    const struct fat_file *folder, GBytes **bytes)
{
	gsize n = 0;
	*bytes = folder->folder ? read_folder(fat, folder) : NULL;
	const uint8_t *data = *bytes ? g_bytes_get_data(*bytes, &n) : NULL;
	*names = (struct fat_names){.at = data, .end = data ? data + n : NULL};
	return data;
}

static bool find(const struct fat_tree *fat, const char *path, struct fat_file *file)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", 0);
	*file = (struct fat_file){.cluster = fat->root, .folder = true};
	for (char **part = parts; *part; part++) {
		struct fat_names names;
		g_autoptr(GBytes) bytes = NULL;
		bool found = !**part;
		if (found)
			continue;
		if (!names_begin(&names, fat, file, &bytes))
			return false;
		while (!found && names_next(&names))
			found = g_ascii_strcasecmp(names.name, *part) == 0;
		g_free(names.name);
		if (!found)
			return false;
		*file = names.file;
	}
	return true;
}

/* --- the tree --- */

static GBytes *fat_read(struct tree *tree, const char *path, size_t max)
{
	const struct fat_tree *fat = (const struct fat_tree *)tree;
	struct fat_file file;
	if (!find(fat, path, &file) || file.folder || file.size > max)
		return NULL;
	return read_chain(fat, file.cluster, file.size, false);
}

static bool fat_list(struct tree *tree, const char *path, GPtrArray *list)
{
	const struct fat_tree *fat = (const struct fat_tree *)tree;
	struct fat_file folder;
	struct fat_names names;
	g_autoptr(GBytes) bytes = NULL;
	if (!find(fat, path, &folder) || !names_begin(&names, fat, &folder, &bytes))
		return false;
	while (list->len < TREE_NAMES_MAX && names_next(&names))
		g_ptr_array_add(list, g_steal_pointer(&names.name));
	g_free(names.name);
	return true;
}

static void fat_free(struct tree *tree)
{
	g_free(tree);
}

/* Sections "Boot Sector and BPB" and "FAT Type Determination". */
static bool read_boot_sector(struct fat_tree *fat)
{
	uint8_t boot[512];
	if (!source_read(fat->source, 0, boot, sizeof(boot)) || load_le16(boot + 510) != 0xaa55 ||
	    (boot[0] != 0xeb && boot[0] != 0xe9))
		return false;
	uint32_t sector = load_le16(boot + 11), reserved = load_le16(boot + 14);
	uint32_t per_cluster = boot[13], tables = boot[16];
	if (sector < 512 || sector > 4096 || sector & (sector - 1) || !per_cluster ||
	    per_cluster & (per_cluster - 1) || !reserved || !tables || tables > 2 ||
	    boot[21] < 0xf0)
		return false;
	uint32_t table = load_le16(boot + 22) ? load_le16(boot + 22) : load_le32(boot + 36);
	uint32_t total = load_le16(boot + 19) ? load_le16(boot + 19) : load_le32(boot + 32);
	fat->root_entries = load_le16(boot + 17);
	uint64_t root_sectors = ((uint64_t)fat->root_entries * ENTRY_SIZE + sector - 1) / sector;
	uint64_t before = reserved + (uint64_t)tables * table + root_sectors;
	if (!table || total <= before)
		return false;
	fat->cluster_bytes = sector * per_cluster;
	fat->clusters = (uint32_t)((total - before) / per_cluster);
	fat->bits = fat->clusters < 4085 ? 12 : fat->clusters < 65525 ? 16 : 32;
	fat->table_at = (uint64_t)reserved * sector;
	fat->root_at = fat->table_at + (uint64_t)tables * table * sector;
	fat->data_at = before * sector;
	fat->root = fat->bits == 32 ? load_le32(boot + 44) : 0;
	return fat->bits != 32 || is_cluster(fat, fat->root);
}

struct tree *tree_open_fat(struct source *source)
{
	struct fat_tree *fat = g_new0(struct fat_tree, 1);
	fat->tree =
	    (struct tree){.kind = "vfat", .read = fat_read, .list = fat_list, .free = fat_free};
	fat->source = source;
	if (read_boot_sector(fat))
		return &fat->tree;
	g_free(fat);
	return NULL;
}
