/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ext2fs/ext2fs.h>
#include <string.h>

#include "qvisor/probe/tree.h"

struct ext_tree {
	struct tree tree;
	ext2_filsys fs;
};

/* --- libext2fs reads blocks through a manager; it tells that a file by its name, so the source
 * that is being opened waits here. One thread. --- */

static struct source *opening;
static struct struct_io_manager manager;

static errcode_t manager_open(const char *name, int flags, io_channel *channel)
{
	(void)name, (void)flags;
	*channel = g_new0(struct struct_io_channel, 1);
	**channel = (struct struct_io_channel){.magic = EXT2_ET_MAGIC_IO_CHANNEL,
	    .manager = &manager,
	    .block_size = 1024,
	    .refcount = 1,
	    .private_data = opening};
	return 0;
}

static errcode_t manager_close(io_channel channel)
{
	if (--channel->refcount == 0)
		g_free(channel);
	return 0;
}

static errcode_t manager_set_block_size(io_channel channel, int size)
{
	channel->block_size = size;
	return 0;
}

/* `count`: blocks, or bytes as a negative number. */
static errcode_t manager_read(io_channel channel, unsigned long long block, int count, void *buffer)
{
	size_t n =
	    count < 0 ? (size_t) - (int64_t)count : (size_t)count * (size_t)channel->block_size;
	if (block > UINT64_MAX / (unsigned)channel->block_size)
		return EXT2_ET_SHORT_READ;
	return source_read(channel->private_data, block * (unsigned)channel->block_size, buffer, n)
	           ? 0
	           : EXT2_ET_SHORT_READ;
}

static errcode_t manager_read_short(
    io_channel channel, unsigned long block, int count, void *buffer)
{
	return manager_read(channel, block, count, buffer);
}

static errcode_t manager_write(
    io_channel channel, unsigned long block, int count, const void *buffer)
{
	(void)channel, (void)block, (void)count, (void)buffer;
	return EXT2_ET_RO_FILSYS;
}

static errcode_t manager_flush(io_channel channel)
{
	(void)channel;
	return 0;
}

static struct struct_io_manager manager = {.magic = EXT2_ET_MAGIC_IO_MANAGER,
    .name = "image",
    .open = manager_open,
    .close = manager_close,
    .set_blksize = manager_set_block_size,
    .read_blk = manager_read_short,
    .read_blk64 = manager_read,
    .write_blk = manager_write,
    .flush = manager_flush};

/* --- the tree --- */

static bool find(struct ext_tree *ext, const char *path, ext2_ino_t *inode, struct ext2_inode *what)
{
	return !ext2fs_namei(ext->fs, EXT2_ROOT_INO, EXT2_ROOT_INO, path, inode) &&
	       !ext2fs_read_inode(ext->fs, *inode, what);
}

static GBytes *ext_read(struct tree *tree, const char *path, size_t max)
{
	struct ext_tree *ext = (struct ext_tree *)tree;
	ext2_ino_t number;
	struct ext2_inode inode;
	ext2_file_t file;
	if (!find(ext, path, &number, &inode) || !LINUX_S_ISREG(inode.i_mode) ||
	    EXT2_I_SIZE(&inode) > max || ext2fs_file_open2(ext->fs, number, &inode, 0, &file))
		return NULL;
	size_t n = EXT2_I_SIZE(&inode);
	g_autofree uint8_t *data = g_try_malloc0(n + 1);
	bool whole = data;
	for (size_t done = 0; whole && done < n;) {
		unsigned got = 0;
		errcode_t why =
		    ext2fs_file_read(file, data + done, (unsigned)MIN(n - done, 1u << 20), &got);
		whole = !why && got;
		done += got;
	}
	ext2fs_file_close(file);
	return whole ? g_bytes_new_take(g_steal_pointer(&data), n) : NULL;
}

static int add_name(struct ext2_dir_entry *entry, int offset, int size, char *buffer, void *data)
{
	(void)offset, (void)size, (void)buffer;
	GPtrArray *names = data;
	int n = ext2fs_dirent_name_len(entry);
	if (!(n == 1 && entry->name[0] == '.') && !(n == 2 && !memcmp(entry->name, "..", 2)))
		g_ptr_array_add(names, g_strndup(entry->name, (gsize)n));
	return names->len < TREE_NAMES_MAX ? 0 : DIRENT_ABORT;
}

static bool ext_list(struct tree *tree, const char *path, GPtrArray *names)
{
	struct ext_tree *ext = (struct ext_tree *)tree;
	ext2_ino_t number = EXT2_ROOT_INO;
	struct ext2_inode inode;
	if (*path && (!find(ext, path, &number, &inode) || !LINUX_S_ISDIR(inode.i_mode)))
		return false;
	return !ext2fs_dir_iterate(ext->fs, number, 0, NULL, add_name, names);
}

static void ext_free(struct tree *tree)
{
	ext2fs_close_free(&((struct ext_tree *)tree)->fs);
	g_free(tree);
}

struct tree *tree_open_ext(struct source *source)
{
	uint8_t magic[2];
	if (!source_read(source, 1024 + 56, magic, sizeof(magic)) || load_le16(magic) != 0xef53)
		return NULL;
	struct ext_tree *ext = g_new0(struct ext_tree, 1);
	ext->tree =
	    (struct tree){.kind = "ext4", .read = ext_read, .list = ext_list, .free = ext_free};
	opening = source;
	errcode_t why = ext2fs_open2("image", NULL, EXT2_FLAG_64BITS | EXT2_FLAG_IGNORE_CSUM_ERRORS,
	    0, 0, &manager, &ext->fs);
	opening = NULL;
	if (!why)
		return &ext->tree;
	g_free(ext);
	return NULL;
}
