/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/devicetree.h"

#include <libfdt.h>
#include <string.h>

#define TREE_MAX (4u << 20)

/* Printable ASCII of a property's first string. */
static void get_string(const void *fdt, int node, const char *name, char *text, size_t size)
{
	int n = 0;
	const char *value = fdt_getprop(fdt, node, name, &n);
	size_t i = 0;
	for (; value && i < (size_t)n && i + 1 < size && value[i]; i++)
		text[i] = value[i] >= ' ' && value[i] <= '~' ? value[i] : '?';
	text[i] = 0;
}

/* `cells` cells of a property, the low 64 bits of them. */
static uint64_t cells_value(const uint8_t *at, int cells)
{
	uint64_t value = 0;
	for (int i = 0; i < cells; i++)
		value = value << 32 | load_be32(at + (size_t)i * 4);
	return value;
}

/* What a bus at `node` shows of its children at the address of its parent (2.3.8, ranges). */
static bool translate(const void *fdt, int node, uint64_t *address)
{
	int n = 0, parent = fdt_parent_offset(fdt, node);
	const uint8_t *ranges = fdt_getprop(fdt, node, "ranges", &n);
	int child_cells = fdt_address_cells(fdt, node), size_cells = fdt_size_cells(fdt, node);
	int parent_cells = parent >= 0 ? fdt_address_cells(fdt, parent) : -1;
	if (!ranges || parent_cells < 1 || child_cells < 1 || size_cells < 0)
		return false;
	int entry = (child_cells + parent_cells + size_cells) * 4;
	for (int at = 0; at + entry <= n; at += entry) {
		uint64_t from = cells_value(ranges + at, child_cells);
		uint64_t to = cells_value(ranges + at + child_cells * 4, parent_cells);
		uint64_t size =
		    cells_value(ranges + at + (child_cells + parent_cells) * 4, size_cells);
		if (*address >= from && *address - from < size) {
			*address = *address - from + to;
			return true;
		}
	}
	return n == 0; /* the same addresses */
}

static void get_region(const void *fdt, int node, struct devicetree_node *out)
{
	int n = 0, bus = fdt_parent_offset(fdt, node);
	const uint8_t *reg = fdt_getprop(fdt, node, "reg", &n);
	int cells = bus >= 0 ? fdt_address_cells(fdt, bus) : -1;
	int size_cells = bus >= 0 ? fdt_size_cells(fdt, bus) : -1;
	if (!reg || cells < 1 || size_cells < 1 || n < (cells + size_cells) * 4)
		return;
	uint64_t base = cells_value(reg, cells);
	for (int parent; (parent = fdt_parent_offset(fdt, bus)) >= 0; bus = parent)
		if (!translate(fdt, bus, &base))
			return;
	out->base = base;
	out->size = cells_value(reg + cells * 4, size_cells);
}

static void add_node(struct devicetree *tree, const void *fdt, int node)
{
	struct devicetree_node *out = &tree->nodes[tree->count];
	char status[16];
	*out = (struct devicetree_node){0};
	get_string(fdt, node, "compatible", out->compatible, sizeof(out->compatible));
	if (!*out->compatible || fdt_get_path(fdt, node, out->path, sizeof(out->path)))
		return;
	get_string(fdt, node, "status", status, sizeof(status));
	out->disabled = *status && strcmp(status, "okay") != 0 && strcmp(status, "ok") != 0;
	get_region(fdt, node, out);
	tree->count++;
}

/* 3.4, memory nodes: they are told by their type. */
static uint64_t memory_of(const void *fdt)
{
	uint64_t bytes = 0;
	int cells = fdt_address_cells(fdt, 0), size_cells = fdt_size_cells(fdt, 0), n = 0;
	int entry = (cells + size_cells) * 4;
	for (int node = fdt_first_subnode(fdt, 0); node >= 0; node = fdt_next_subnode(fdt, node)) {
		const char *type = fdt_getprop(fdt, node, "device_type", &n);
		if (!type || n != 7 || memcmp(type, "memory", 7) != 0)
			continue;
		const uint8_t *reg = fdt_getprop(fdt, node, "reg", &n);
		for (int at = 0; reg && cells > 0 && size_cells > 0 && at + entry <= n; at += entry)
			bytes += cells_value(reg + at + cells * 4, size_cells);
	}
	return bytes >> 20;
}

struct devicetree *devicetree_read(struct source *source)
{
	uint8_t header[8];
	if (!source_read(source, 0, header, sizeof(header)) || load_be32(header) != FDT_MAGIC ||
	    load_be32(header + 4) > TREE_MAX)
		return NULL;
	g_autoptr(GBytes) bytes = source_bytes(source, 0, load_be32(header + 4));
	/* libfdt wants it aligned, and asks no more once all of it was checked. */
	g_autofree void *fdt =
	    bytes ? g_memdup2(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes)) : NULL;
	if (!fdt || fdt_check_full(fdt, g_bytes_get_size(bytes)))
		return NULL;
	struct devicetree *tree = g_new0(struct devicetree, 1);
	get_string(fdt, 0, "model", tree->model, sizeof(tree->model));
	get_string(fdt, 0, "compatible", tree->compatible, sizeof(tree->compatible));
	tree->memory_mib = memory_of(fdt);
	int chosen = fdt_path_offset(fdt, "/chosen");
	if (chosen >= 0)
		get_string(fdt, chosen, "bootargs", tree->bootargs, sizeof(tree->bootargs));
	for (int node = fdt_next_node(fdt, 0, NULL);
	     node >= 0 && tree->count < DEVICETREE_NODES_MAX; node = fdt_next_node(fdt, node, NULL))
		add_node(tree, fdt, node);
	return tree;
}

const struct devicetree_node *devicetree_find(const struct devicetree *tree, uint64_t address)
{
	const struct devicetree_node *best = NULL;
	for (unsigned i = 0; i < tree->count; i++) {
		const struct devicetree_node *node = &tree->nodes[i];
		if (node->size && address >= node->base && address - node->base < node->size &&
		    (!best || node->size < best->size))
			best = node;
	}
	return best;
}

void devicetree_free(struct devicetree *tree)
{
	g_free(tree);
}
