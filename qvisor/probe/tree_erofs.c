/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EROFS, but for its compressed files: Linux' Documentation/filesystems/erofs.rst and
 * fs/erofs/erofs_fs.h. */
#include <string.h>
#include <sys/stat.h>

#include "qvisor/probe/tree.h"

#define SUPER_AT 1024
#define MAGIC 0xe0f5e1e2
#define SLOT 32 /* inodes are counted in these */
#define ENTRY_SIZE 12
#define FEATURE_COMPRESSION 1 /* LZ4_0PADDING: set by whoever compresses */
#define HOLE UINT64_MAX
#define FOLDER_MAX (16u << 20)

enum layout { LAYOUT_PLAIN = 0, LAYOUT_INLINE = 2, LAYOUT_CHUNKS = 4 };

struct erofs_tree {
	struct tree tree;
	struct source *source;
	unsigned block_bits;
	uint64_t inodes_at;
	uint64_t root;
};

struct erofs_inode {
	enum layout layout;
	uint16_t mode;
	uint64_t size;
	uint32_t start; /* its first block, or how its chunks are */
	uint64_t after; /* what follows it and its attributes on the disk */
};

static bool read_inode(const struct erofs_tree *erofs, uint64_t number, struct erofs_inode *inode)
{
	uint8_t raw[64];
	uint64_t at = erofs->inodes_at + number * SLOT;
	if (number > erofs->source->size / SLOT || !source_read(erofs->source, at, raw, SLOT))
		return false;
	unsigned format = load_le16(raw), attributes = load_le16(raw + 2);
	bool extended = format & 1;
	if (extended && !source_read(erofs->source, at, raw, sizeof(raw)))
		return false;
	*inode = (struct erofs_inode){.layout = (enum layout)(format >> 1 & 7),
	    .mode = load_le16(raw + 4),
	    .size = extended ? load_le64(raw + 8) : load_le32(raw + 8),
	    .start = load_le32(raw + 16),
	    .after = at + (extended ? 64 : 32) + (attributes ? 12 + 4 * (attributes - 1) : 0)};
	return inode->layout == LAYOUT_PLAIN || inode->layout == LAYOUT_INLINE ||
	       inode->layout == LAYOUT_CHUNKS;
}

/* Where a file's block is on the disk. */
static bool find_block(
    const struct erofs_tree *erofs, const struct erofs_inode *inode, uint64_t block, uint64_t *at)
{
	if (inode->layout == LAYOUT_INLINE && block == (inode->size - 1) >> erofs->block_bits) {
		*at = inode->after;
		return true;
	}
	uint64_t start = inode->start;
	if (inode->layout == LAYOUT_CHUNKS) {
		unsigned chunk_bits = inode->start & 0x1f;
		bool wide =
		    inode->start & 0x20; /* entries have a device, too, before the address */
		uint64_t entry = wide ? 8 : 4, chunk = block >> chunk_bits;
		uint64_t table = (inode->after + entry - 1) & ~(entry - 1);
		uint8_t address[8];
		if (!source_read(erofs->source, table + chunk * entry, address, entry))
			return false;
		if (wide && load_le16(address + 2))
			return false;
		start = load_le32(address + entry - 4);
		block -= chunk << chunk_bits;
		if (start == UINT32_MAX) {
			*at = HOLE;
			return true;
		}
	}
	*at = (start + block) << erofs->block_bits;
	return true;
}

static GBytes *read_data(
    const struct erofs_tree *erofs, const struct erofs_inode *inode, size_t max)
{
	if (inode->size > max)
		return NULL;
	g_autofree uint8_t *data = g_try_malloc0(inode->size + 1);
	size_t block_size = (size_t)1 << erofs->block_bits;
	bool good = data;
	for (uint64_t done = 0; good && done < inode->size; done += block_size) {
		uint64_t at = 0;
		size_t n = MIN(inode->size - done, block_size);
		good = find_block(erofs, inode, done >> erofs->block_bits, &at) &&
		       (at == HOLE || source_read(erofs->source, at, data + done, n));
	}
	return good ? g_bytes_new_take(g_steal_pointer(&data), inode->size) : NULL;
}

/* --- folders: blocks of entries, then of their names (erofs.rst, "Directories") --- */

static void list_block(const uint8_t *block, size_t n, GPtrArray *names, GArray *numbers)
{
	size_t count = n >= ENTRY_SIZE ? load_le16(block + 8) / ENTRY_SIZE : 0;
	if (count * ENTRY_SIZE > n)
		return;
	for (size_t i = 0; i < count && names->len < TREE_NAMES_MAX; i++) {
		const uint8_t *entry = block + i * ENTRY_SIZE;
		size_t begin = load_le16(entry + 8);
		size_t end = i + 1 < count ? load_le16(entry + ENTRY_SIZE + 8) : n;
		if (begin >= end || end > n)
			return;
		char *name = g_strndup((const char *)block + begin, end - begin);
		uint64_t number = load_le64(entry);
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
			g_free(name);
			continue;
		}
		g_ptr_array_add(names, name);
		g_array_append_val(numbers, number);
	}
}

static bool list_folder(const struct erofs_tree *erofs, const struct erofs_inode *folder,
    GPtrArray *names, GArray *numbers)
{
	g_autoptr(GBytes) bytes =
	    S_ISDIR(folder->mode) ? read_data(erofs, folder, FOLDER_MAX) : NULL;
	if (!bytes)
		return false;
	size_t n, block_size = (size_t)1 << erofs->block_bits;
	const uint8_t *data = g_bytes_get_data(bytes, &n);
	for (size_t at = 0; at < n; at += block_size)
		list_block(data + at, MIN(n - at, block_size), names, numbers);
	return true;
}

static bool find_name(const struct erofs_tree *erofs, const struct erofs_inode *folder,
    const char *name, uint64_t *number)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	guint at;
	if (!list_folder(erofs, folder, names, numbers) ||
	    !g_ptr_array_find_with_equal_func(names, name, g_str_equal, &at))
		return false;
	*number = g_array_index(numbers, uint64_t, at);
	return true;
}

static bool find(const struct erofs_tree *erofs, const char *path, struct erofs_inode *inode)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", 0);
	uint64_t number = erofs->root;
	bool found = read_inode(erofs, number, inode);
	for (char **part = parts; found && *part; part++)
		if (**part)
			found = find_name(erofs, inode, *part, &number) &&
			        read_inode(erofs, number, inode);
	return found;
}

/* --- the tree --- */

static GBytes *erofs_read(struct tree *tree, const char *path, size_t max)
{
	const struct erofs_tree *erofs = (const struct erofs_tree *)tree;
	struct erofs_inode inode;
	if (!find(erofs, path, &inode) || !S_ISREG(inode.mode))
		return NULL;
	return read_data(erofs, &inode, max);
}

static bool erofs_list(struct tree *tree, const char *path, GPtrArray *names)
{
	const struct erofs_tree *erofs = (const struct erofs_tree *)tree;
	g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	struct erofs_inode inode;
	return find(erofs, path, &inode) && list_folder(erofs, &inode, names, numbers);
}

static void erofs_free(struct tree *tree)
{
	g_free(tree);
}

struct tree *tree_open_erofs(struct source *source)
{
	uint8_t super[128];
	if (!source_read(source, SUPER_AT, super, sizeof(super)) || load_le32(super) != MAGIC ||
	    super[12] < 9 || super[12] > 16)
		return NULL;
	struct erofs_tree *erofs = g_new0(struct erofs_tree, 1);
	erofs->tree = (struct tree){
	    .kind = "erofs", .read = erofs_read, .list = erofs_list, .free = erofs_free};
	erofs->source = source;
	if (load_le32(super + 80) & FEATURE_COMPRESSION)
		erofs->tree.unread = "its compressed files are not read; make it anew without "
		                     "compression (fsck.erofs --extract, mkfs.erofs)";
	erofs->block_bits = super[12];
	erofs->root = load_le16(super + 14);
	erofs->inodes_at = (uint64_t)load_le32(super + 40) << super[12];
	return &erofs->tree;
}
