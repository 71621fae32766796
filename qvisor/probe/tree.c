/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/tree.h"

GBytes *tree_read(struct tree *tree, const char *path, size_t max)
{
	return tree->read(tree, path, max);
}

char *tree_read_text(struct tree *tree, const char *path, size_t max)
{
	g_autoptr(GBytes) bytes = tree_read(tree, path, max);
	if (!bytes)
		return NULL;
	gsize n;
	const char *data = g_bytes_get_data(bytes, &n);
	return g_utf8_validate(data, (gssize)n, NULL) ? g_strndup(data, n) : NULL;
}

GPtrArray *tree_list(struct tree *tree, const char *path)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	tree->list(tree, path, names);
	return names;
}

bool tree_has_folder(struct tree *tree, const char *path)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	return tree->list(tree, path, names);
}

void tree_free(struct tree *tree)
{
	if (tree)
		tree->free(tree);
}
