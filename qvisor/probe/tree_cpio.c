/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/stat.h>

#include "qvisor/probe/tree.h"
#include "qvisor/probe/unpack.h"

#define HEADER 110
#define ENTRIES_MAX 200000
#define PLAIN_MAX (512u << 20)

struct entry {
	const uint8_t *data;
	size_t n;
	bool folder;
};

struct cpio_tree {
	struct tree tree;
	GPtrArray *plains;   /* GBytes that the entries point into */
	GHashTable *entries; /* path to struct entry */
};

static bool read_hex(const uint8_t *text, uint32_t *value)
{
	*value = 0;
	for (unsigned i = 0; i < 8; i++) {
		int digit = g_ascii_xdigit_value((char)text[i]);
		if (digit < 0)
			return false;
		*value = *value << 4 | (uint32_t)digit;
	}
	return true;
}

static size_t align4(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* What of a path in an archive is one of ours: "./etc/x" and "/etc/x" are "etc/x". */
static char *clean_path(const uint8_t *text, size_t n)
{
	while (n && (text[0] == '/' || (text[0] == '.' && (n == 1 || text[1] == '/')))) {
		text++, n--;
	}
	return g_strndup((const char *)text, n);
}

static void add_entry(
    struct cpio_tree *cpio, char *path, uint32_t mode, const uint8_t *data, size_t n)
{
	if (!S_ISREG(mode) && !S_ISDIR(mode)) {
		g_free(path);
		return;
	}
	struct entry *entry = g_new(struct entry, 1);
	*entry = (struct entry){data, n, S_ISDIR(mode)};
	g_hash_table_replace(cpio->entries, path, entry);
}

/* The entries of one plain archive; how many bytes it was, 0: damaged before its end. */
static size_t read_archive(struct cpio_tree *cpio, const uint8_t *data, size_t n)
{
	for (size_t at = 0; n - at >= HEADER;) {
		const uint8_t *header = data + at;
		uint32_t mode, size, name_size;
		if ((memcmp(header, "070701", 6) && memcmp(header, "070702", 6)) ||
		    !read_hex(header + 14, &mode) || !read_hex(header + 54, &size) ||
		    !read_hex(header + 94, &name_size) || !name_size || name_size > 4096 ||
		    name_size > n - at - HEADER)
			return 0;
		const uint8_t *name = header + HEADER;
		size_t body = align4(at + HEADER + name_size);
		size_t length = strnlen((const char *)name, name_size);
		if (body > n || size > n - body)
			return 0;
		at = MIN(align4(body + size), n);
		if (length == 10 && !memcmp(name, "TRAILER!!!", 10))
			return at;
		if (g_hash_table_size(cpio->entries) >= ENTRIES_MAX)
			return 0;
		add_entry(cpio, clean_path(name, length), mode, data + body, size);
	}
	return 0;
}

/* Archive after archive, with zeros between them; the first compressed one is the last. */
static void read_archives(struct cpio_tree *cpio, GBytes *bytes)
{
	g_ptr_array_add(cpio->plains, g_bytes_ref(bytes));
	gsize n;
	const uint8_t *data = g_bytes_get_data(bytes, &n);
	for (size_t at = 0, step; at < n; at += step) {
		if (!data[at]) {
			step = 1;
			continue;
		}
		if (unpack_method(data + at, n - at)) {
			g_autoptr(GBytes) plain = unpack_bytes(data + at, n - at, PLAIN_MAX);
			if (plain && cpio->plains->len < 4)
				read_archives(cpio, plain);
			return;
		}
		step = read_archive(cpio, data + at, n - at);
		if (!step)
			return;
	}
}

static GBytes *cpio_read(struct tree *tree, const char *path, size_t max)
{
	const struct entry *entry = g_hash_table_lookup(((struct cpio_tree *)tree)->entries, path);
	return entry && !entry->folder && entry->n <= max ? g_bytes_new(entry->data, entry->n)
	                                                  : NULL;
}

static bool cpio_list(struct tree *tree, const char *path, GPtrArray *names)
{
	GHashTableIter iterator;
	void *key;
	size_t n = strlen(path);
	bool there = false;
	g_hash_table_iter_init(&iterator, ((struct cpio_tree *)tree)->entries);
	while (g_hash_table_iter_next(&iterator, &key, NULL)) {
		const char *rest = (const char *)key + n;
		if (strncmp(key, path, n) || (n && *rest++ != '/') || !*rest)
			continue;
		there = true;
		if (!strchr(rest, '/') && names->len < TREE_NAMES_MAX)
			g_ptr_array_add(names, g_strdup(rest));
	}
	return there;
}

static void cpio_free(struct tree *tree)
{
	struct cpio_tree *cpio = (struct cpio_tree *)tree;
	g_hash_table_unref(cpio->entries);
	g_ptr_array_unref(cpio->plains);
	g_free(cpio);
}

struct tree *tree_open_cpio(struct source *source)
{
	uint8_t magic[6];
	if (!source_read(source, 0, magic, sizeof(magic)) ||
	    (memcmp(magic, "07070", 5) && !unpack_method(magic, sizeof(magic))))
		return NULL;
	g_autoptr(GBytes) bytes = source_bytes(source, 0, source->size);
	struct cpio_tree *cpio = g_new0(struct cpio_tree, 1);
	*cpio = (struct cpio_tree){
	    {.kind = "initial RAM disk", .read = cpio_read, .list = cpio_list, .free = cpio_free},
	    g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref),
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
	if (bytes)
		read_archives(cpio, bytes);
	if (g_hash_table_size(cpio->entries))
		return &cpio->tree;
	cpio_free(&cpio->tree);
	return NULL;
}
