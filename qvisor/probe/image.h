/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of an image hold, whatever they are packed in: disks and their partitions, file
 * systems, kernels, initial RAM disks, Android's boot images, device trees. Runs in the confined
 * process (confine.h): everything here is the image's word.
 */
#pragma once

#include "qvisor/probe/bootimg.h"
#include "qvisor/probe/devicetree.h"
#include "qvisor/probe/kernel.h"
#include "qvisor/probe/tree.h"

#define IMAGE_INPUTS_MAX 32
#define IMAGE_TREES_MAX 24
#define IMAGE_RAMDISKS_MAX 4

/* What an input file is by itself. */
enum image_role {
	IMAGE_UNKNOWN,
	IMAGE_DISK,
	IMAGE_KERNEL,
	IMAGE_RAMDISK,
	IMAGE_DEVICETREE,
	IMAGE_BOOT, /* Android: boot or vendor_boot */
	IMAGE_SUPER,
	IMAGE_N_ROLES
};

struct image_input {
	const char *name; /* the last part of its path */
	struct source *source;
	enum image_role role;
};

struct image_tree {
	struct tree *tree;
	char where[160]; /* "disk.raw: ext4 of partition 2" */
	bool ramdisk;
	int root_partition; /* of the disk, from 1; 0: the whole disk; -1: not on one */
};

struct image {
	struct image_input inputs[IMAGE_INPUTS_MAX];
	unsigned input_count;
	struct image_tree trees[IMAGE_TREES_MAX];
	unsigned tree_count;
	struct source *ramdisks[IMAGE_RAMDISKS_MAX]; /* Android: in the order they are loaded */
	unsigned ramdisk_count;
	struct kernel *kernel;        /* NULL: none was found */
	struct source *kernel_source; /* NULL: it is in a tree: */
	struct tree *kernel_tree;
	char kernel_path[256], kernel_where[160];
	struct devicetree *devicetree;
	char devicetree_where[160];
	bool android;
	char cmdline[3072];
	GPtrArray *problems; /* what could not be read, in words */
	GPtrArray *owned;    /* sources and tables, freed last to first */
};

struct image *image_new(void);
/* Takes the source. */
void image_add(struct image *image, const char *name, struct source *source);
/* After all were added: finds the kernel on a disk when no other was there. */
void image_finish(struct image *image);
void image_free(struct image *image);

const char *image_role_name(enum image_role role);

DEFINE_CLEANUP(image);
