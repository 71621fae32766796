/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The devices of a board by its device tree (Devicetree Specification 0.4), read with libfdt. */
#pragma once

#include "qvisor/probe/source.h"

#define DEVICETREE_NODES_MAX 512

struct devicetree_node {
	char path[200];
	char compatible[64]; /* the first; "" never */
	uint64_t base, size; /* as the processor sees it; size 0: not in its address space */
	bool disabled;
};

struct devicetree {
	char model[80], compatible[64]; /* the board's */
	char bootargs[512];
	uint64_t memory_mib; /* 0: the loader fills it in */
	struct devicetree_node
	    nodes[DEVICETREE_NODES_MAX]; /* that say what they are compatible with */
	unsigned count;
};

/* NULL: none, or damaged. The first of several that follow each other. */
struct devicetree *devicetree_read(struct source *source);
/* The smallest node that the address is in, or NULL. */
const struct devicetree_node *devicetree_find(const struct devicetree *tree, uint64_t address);
void devicetree_free(struct devicetree *tree);

DEFINE_CLEANUP(devicetree);
