/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a disk is divided into: GPT (UEFI specification 5.3), MBR, and the logical partitions of
 * Android's super (AOSP system/core/fs_mgr/liblp/include/liblp/metadata_format.h). */
#pragma once

#include "qvisor/probe/source.h"

#define PARTITIONS_MAX 64

struct partition {
	char name[40]; /* printable ASCII; "2" where it has none */
	struct source *source;
};

struct partition_table {
	const char *kind; /* "GPT", "MBR", "super" */
	struct partition partitions[PARTITIONS_MAX];
	unsigned count;
};

/* NULL: no table. The partitions borrow from `disk`. */
struct partition_table *partition_table_read(struct source *disk);
/* NULL: no super partition. */
struct partition_table *partition_table_read_super(struct source *super);
void partition_table_free(struct partition_table *table);

DEFINE_CLEANUP(partition_table);
