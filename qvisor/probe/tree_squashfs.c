/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sqfs/compressor.h>
#include <sqfs/data_reader.h>
#include <sqfs/dir.h>
#include <sqfs/dir_reader.h>
#include <sqfs/error.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/super.h>

#include "qvisor/probe/tree.h"

#define FRAGMENTS_MAX (1u << 20)

/* libsquashfs' file, on a source. */
struct squashfs_file {
	sqfs_file_t file;
	struct source *source;
};

struct squashfs_tree {
	struct tree tree;
	struct squashfs_file *file;
	sqfs_super_t super;
	sqfs_compressor_t *compressor;
	sqfs_dir_reader_t *folders;
	sqfs_data_reader_t *data;
};

static int file_read(sqfs_file_t *file, sqfs_u64 at, void *buffer, size_t n)
{
	return source_read(((struct squashfs_file *)file)->source, at, buffer, n) ? 0
	                                                                          : SQFS_ERROR_IO;
}

static int file_write(sqfs_file_t *file, sqfs_u64 at, const void *buffer, size_t n)
{
	(void)file, (void)at, (void)buffer, (void)n;
	return SQFS_ERROR_IO;
}

static sqfs_u64 file_size(const sqfs_file_t *file)
{
	return ((const struct squashfs_file *)file)->source->size;
}

static int file_truncate(sqfs_file_t *file, sqfs_u64 size)
{
	(void)file, (void)size;
	return SQFS_ERROR_IO;
}

static void file_destroy(sqfs_object_t *object)
{
	g_free(object);
}

static sqfs_inode_generic_t *find(struct squashfs_tree *squashfs, const char *path)
{
	sqfs_inode_generic_t *inode = NULL;
	return sqfs_dir_reader_find_by_path(squashfs->folders, NULL, path, &inode) ? NULL : inode;
}

static GBytes *squashfs_read(struct tree *tree, const char *path, size_t max)
{
	struct squashfs_tree *squashfs = (struct squashfs_tree *)tree;
	sqfs_inode_generic_t *inode = find(squashfs, path);
	sqfs_u64 n = 0;
	bool good = inode && !sqfs_inode_get_file_size(inode, &n) && n <= max;
	g_autofree uint8_t *data = good ? g_try_malloc(n + 1) : NULL;
	for (sqfs_u64 done = 0; data && good && done < n;) {
		sqfs_u32 want = (sqfs_u32)MIN(n - done, 1u << 20);
		sqfs_s32 got =
		    sqfs_data_reader_read(squashfs->data, inode, done, data + done, want);
		good = got > 0;
		done += good ? (sqfs_u64)got : 0;
	}
	sqfs_free(inode);
	return data && good ? g_bytes_new_take(g_steal_pointer(&data), n) : NULL;
}

static bool squashfs_list(struct tree *tree, const char *path, GPtrArray *names)
{
	struct squashfs_tree *squashfs = (struct squashfs_tree *)tree;
	sqfs_inode_generic_t *inode = find(squashfs, path);
	if (!inode || sqfs_dir_reader_open_dir(squashfs->folders, inode, 0)) {
		sqfs_free(inode);
		return false;
	}
	sqfs_dir_entry_t *entry;
	while (
	    names->len < TREE_NAMES_MAX && sqfs_dir_reader_read(squashfs->folders, &entry) == 0) {
		g_ptr_array_add(
		    names, g_strndup((const char *)entry->name, (gsize)entry->size + 1));
		sqfs_free(entry);
	}
	sqfs_free(inode);
	return true;
}

static void squashfs_free(struct tree *tree)
{
	struct squashfs_tree *squashfs = (struct squashfs_tree *)tree;
	sqfs_destroy(squashfs->data);
	sqfs_destroy(squashfs->folders);
	sqfs_destroy(squashfs->compressor);
	g_free(squashfs->file);
	g_free(squashfs);
}

static bool squashfs_init(struct squashfs_tree *squashfs)
{
	sqfs_compressor_config_t config;
	sqfs_file_t *file = &squashfs->file->file;
	sqfs_super_t *super = &squashfs->super;
	/* The library believes the number of fragments, and gets memory for them. */
	if (sqfs_super_read(super, file) || super->fragment_entry_count > FRAGMENTS_MAX)
		return false;
	sqfs_compressor_config_init(
	    &config, super->compression_id, super->block_size, SQFS_COMP_FLAG_UNCOMPRESS);
	if (sqfs_compressor_create(&config, &squashfs->compressor) ||
	    (super->flags & SQFS_FLAG_COMPRESSOR_OPTIONS &&
	        squashfs->compressor->read_options(squashfs->compressor, file) < 0))
		return false;
	squashfs->folders = sqfs_dir_reader_create(super, squashfs->compressor, file, 0);
	squashfs->data = sqfs_data_reader_create(file, super->block_size, squashfs->compressor, 0);
	return squashfs->folders && squashfs->data &&
	       !sqfs_data_reader_load_fragment_table(squashfs->data, super);
}

struct tree *tree_open_squashfs(struct source *source)
{
	uint8_t magic[4];
	if (!source_read(source, 0, magic, sizeof(magic)) || load_le32(magic) != SQFS_MAGIC)
		return NULL;
	struct squashfs_tree *squashfs = g_new0(struct squashfs_tree, 1);
	squashfs->tree = (struct tree){.kind = "squashfs",
	    .read = squashfs_read,
	    .list = squashfs_list,
	    .free = squashfs_free};
	squashfs->file = g_new0(struct squashfs_file, 1);
	*squashfs->file = (struct squashfs_file){{.base = {.destroy = file_destroy},
	                                             .read_at = file_read,
	                                             .write_at = file_write,
	                                             .get_size = file_size,
	                                             .truncate = file_truncate},
	    source};
	if (squashfs_init(squashfs))
		return &squashfs->tree;
	squashfs_free(&squashfs->tree);
	return NULL;
}
