/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of a file system or an initial RAM disk, read without mounting it: ext2/3/4 by
 * libext2fs, squashfs by libsquashfs; FAT, EROFS and cpio (buffer-format.rst in
 * Linux' Documentation/driver-api/early-userspace) here. Paths are relative to the root and never
 * go through symbolic links.
 */
#pragma once

#include "qvisor/probe/source.h"

#define TREE_NAMES_MAX 20000 /* of one folder */

struct tree {
	const char *kind; /* "ext4" */
	/* What is in a regular file of at most `max` bytes; NULL: there is none. */
	GBytes *(*read)(struct tree *tree, const char *path, size_t max);
	/* Adds the names in a folder, each to be freed. False: there is none. */
	bool (*list)(struct tree *tree, const char *path, GPtrArray *names);
	void (*free)(struct tree *tree);
	const char *unread; /* what of it is not read, for people; NULL: nothing */
};

/* NULL: it is something else, or damaged. They borrow the source. */
struct tree *tree_open_ext(struct source *source);
struct tree *tree_open_squashfs(struct source *source);
struct tree *tree_open_fat(struct source *source);
struct tree *tree_open_erofs(struct source *source);
/* One or several, one after the other, each of them compressed or not; the source is read at once.
 */
struct tree *tree_open_cpio(struct source *source);

GBytes *tree_read(struct tree *tree, const char *path, size_t max);
/* A text file; NULL: there is none, or it is no UTF-8. Caller frees. */
char *tree_read_text(struct tree *tree, const char *path, size_t max);
/* The names in a folder; empty when there is none. Caller unrefs. */
GPtrArray *tree_list(struct tree *tree, const char *path);
bool tree_has_folder(struct tree *tree, const char *path);
void tree_free(struct tree *tree);

DEFINE_CLEANUP(tree);
