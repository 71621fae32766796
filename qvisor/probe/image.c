/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/image.h"

#include <stdio.h>
#include <string.h>

#include "qvisor/probe/partition.h"

#define DEPTH_MAX 5
#define KERNEL_MAX (128u << 20)

struct owned {
	void *object;
	void (*free)(void *object);
};

/* One step of the way in: `where` is for people. */
struct level {
	struct image *image;
	struct image_input *input;
	const char *where;
	int partition; /* -1: none yet */
	unsigned depth;
};

static void inspect(const struct level *level, struct source *source);

static void own(struct image *image, void *object, void (*free)(void *))
{
	struct owned *owned = g_new(struct owned, 1);
	*owned = (struct owned){object, free};
	g_ptr_array_add(image->owned, owned);
}

static void free_source(void *object)
{
	source_free(object);
}

static void free_table(void *object)
{
	partition_table_free(object);
}

static void free_boot(void *object)
{
	bootimg_free(object);
}

static void set_role(const struct level *level, enum image_role role)
{
	if (level->input->role == IMAGE_UNKNOWN)
		level->input->role = role;
}

static void note_problem(const struct level *level, GError *error)
{
	if (!error)
		return;
	g_ptr_array_add(
	    level->image->problems, g_strdup_printf("%s: %s", level->where, error->message));
	g_error_free(error);
}

static bool add_tree(const struct level *level, struct tree *tree, bool ramdisk)
{
	struct image *image = level->image;
	if (!tree)
		return false;
	if (image->tree_count == IMAGE_TREES_MAX) {
		tree_free(tree);
		return true;
	}
	struct image_tree *added = &image->trees[image->tree_count++];
	*added = (struct image_tree){tree, .ramdisk = ramdisk, .root_partition = level->partition};
	snprintf(added->where, sizeof(added->where), "%s: %s", level->where, tree->kind);
	if (tree->unread)
		g_ptr_array_add(
		    image->problems, g_strdup_printf("%s: %s", added->where, tree->unread));
	return true;
}

static void set_kernel(const struct level *level, struct kernel *kernel, struct source *source)
{
	struct image *image = level->image;
	if (image->kernel) {
		kernel_free(kernel);
		return;
	}
	image->kernel = kernel;
	image->kernel_source = source;
	snprintf(image->kernel_where, sizeof(image->kernel_where), "%s", level->where);
}

static bool take_devicetree(const struct level *level, struct source *source)
{
	struct devicetree *tree = devicetree_read(source);
	struct image *image = level->image;
	if (!tree)
		return false;
	if (image->devicetree) {
		devicetree_free(tree);
		return true;
	}
	image->devicetree = tree;
	snprintf(image->devicetree_where, sizeof(image->devicetree_where), "%s", level->where);
	return true;
}

static void take_table(const struct level *level, struct partition_table *table)
{
	own(level->image, table, free_table);
	for (unsigned i = 0; i < table->count; i++) {
		g_autofree char *where = g_strdup_printf(
		    "%s, %s partition %s", level->where, table->kind, table->partitions[i].name);
		struct level below = {level->image, level->input, where,
		    level->partition < 0 ? (int)i + 1 : level->partition, level->depth + 1};
		inspect(&below, table->partitions[i].source);
	}
}

static void add_cmdline(struct image *image, const char *more)
{
	size_t n = strlen(image->cmdline);
	snprintf(
	    image->cmdline + n, sizeof(image->cmdline) - n, "%s%s", n && *more ? " " : "", more);
}

static void add_ramdisk(struct image *image, struct source *ramdisk, bool first)
{
	if (!ramdisk || image->ramdisk_count == IMAGE_RAMDISKS_MAX)
		return;
	unsigned at = first ? 0 : image->ramdisk_count;
	memmove(&image->ramdisks[at + 1], &image->ramdisks[at],
	    (image->ramdisk_count - at) * sizeof(image->ramdisks[0]));
	image->ramdisks[at] = ramdisk;
	image->ramdisk_count++;
}

static void take_boot(const struct level *level, struct bootimg *boot)
{
	struct image *image = level->image;
	own(image, boot, free_boot);
	image->android = true;
	add_cmdline(image, boot->cmdline);
	g_autofree char *where = g_strdup_printf("%s, %s image with header %u", level->where,
	    boot->vendor ? "vendor_boot" : "boot", boot->version);
	struct level below = {image, level->input, where, -1, level->depth + 1};
	/* The loader puts the vendor's before the generic one. */
	add_ramdisk(image, boot->ramdisk, boot->vendor);
	struct source *parts[] = {boot->kernel, boot->ramdisk, boot->dtb};
	for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++)
		if (parts[i])
			inspect(&below, parts[i]);
}

/* A format that unfolds to a disk. */
static bool unfold(const struct level *level, struct source *source)
{
	g_autoptr(GError) error = NULL;
	struct source *disk = source_of_qcow2(source, &error);
	if (!disk && !error)
		disk = source_of_sparse(source, &error);
	bool is = disk || error;
	note_problem(level, g_steal_pointer(&error));
	if (disk) {
		/* QEMU reads qcow2 and no sparse image. */
		uint8_t magic[4];
		if (source_read(source, 0, magic, sizeof(magic)) &&
		    load_le32(magic) == SPARSE_MAGIC)
			g_ptr_array_add(level->image->problems,
			    g_strdup_printf("%s: a sparse image; make it raw with simg2img before "
			                    "the template is "
			                    "built",
			        level->where));
		own(level->image, disk, free_source);
		struct level below = *level;
		below.depth++;
		inspect(&below, disk);
	}
	return is;
}

static bool inspect_disk(const struct level *level, struct source *source)
{
	if (add_tree(level, tree_open_ext(source), false) ||
	    add_tree(level, tree_open_squashfs(source), false) ||
	    add_tree(level, tree_open_fat(source), false) ||
	    add_tree(level, tree_open_erofs(source), false)) {
		set_role(level, IMAGE_DISK);
		return true;
	}
	struct partition_table *table = partition_table_read_super(source);
	if (table) {
		level->image->android = true;
		set_role(level, IMAGE_SUPER);
	} else {
		table = partition_table_read(source);
		if (table)
			set_role(level, IMAGE_DISK);
	}
	if (table)
		take_table(level, table);
	return table;
}

static bool inspect_boot(const struct level *level, struct source *source)
{
	g_autoptr(GError) error = NULL;
	struct bootimg *boot = bootimg_read(source, &error);
	bool is = boot || error;
	note_problem(level, g_steal_pointer(&error));
	if (is)
		set_role(level, IMAGE_BOOT);
	if (boot)
		take_boot(level, boot);
	return is;
}

/* A kernel comes before a RAM disk, since either may be gzip; and before a partition table, since a
 * bzImage is a boot sector. */
static void inspect(const struct level *level, struct source *source)
{
	if (level->depth > DEPTH_MAX || unfold(level, source) || inspect_boot(level, source))
		return;
	if (take_devicetree(level, source)) {
		set_role(level, IMAGE_DEVICETREE);
		return;
	}
	struct kernel *kernel = kernel_read(source);
	if (kernel) {
		set_role(level, IMAGE_KERNEL);
		set_kernel(level, kernel, source);
		return;
	}
	if (add_tree(level, tree_open_cpio(source), true))
		set_role(level, IMAGE_RAMDISK);
	else
		inspect_disk(level, source);
}

struct image *image_new(void)
{
	struct image *image = g_new0(struct image, 1);
	image->problems = g_ptr_array_new_with_free_func(g_free);
	image->owned = g_ptr_array_new();
	return image;
}

void image_add(struct image *image, const char *name, struct source *source)
{
	own(image, source, free_source);
	if (image->input_count == IMAGE_INPUTS_MAX)
		return;
	struct image_input *input = &image->inputs[image->input_count++];
	*input = (struct image_input){name, source, IMAGE_UNKNOWN};
	struct level level = {image, input, name, -1, 0};
	inspect(&level, source);
	/* A disk's own file system is the whole disk. */
	for (unsigned i = 0; i < image->tree_count; i++)
		if (image->trees[i].root_partition < 0 && !image->trees[i].ramdisk &&
		    input->role == IMAGE_DISK)
			image->trees[i].root_partition = 0;
}

/* The last in order of the files in `folder` that begin with `prefix`: the newest version. */
static char *find_newest(struct tree *tree, const char *folder, const char *prefix)
{
	g_autoptr(GPtrArray) names = tree_list(tree, folder);
	const char *best = NULL;
	for (unsigned i = 0; i < names->len; i++) {
		const char *name = g_ptr_array_index(names, i);
		if (g_str_has_prefix(name, prefix) && (!best || strcmp(name, best) > 0))
			best = name;
	}
	return best ? g_strconcat(folder, *folder ? "/" : "", best, NULL) : NULL;
}

static bool take_tree_kernel(struct image *image, const struct image_tree *from)
{
	static const char *const prefixes[] = {"vmlinuz", "Image", "zImage", "vmlinux", "kernel"};
	/* A boot partition has no folder "boot". */
	static const char *const folders[] = {"boot", ""};
	for (unsigned i = 0; i < G_N_ELEMENTS(prefixes) * G_N_ELEMENTS(folders); i++) {
		g_autofree char *path = find_newest(from->tree, folders[i % G_N_ELEMENTS(folders)],
		    prefixes[i / G_N_ELEMENTS(folders)]);
		g_autoptr(GBytes) bytes = path ? tree_read(from->tree, path, KERNEL_MAX) : NULL;
		AUTO(source) source = bytes ? source_of_bytes(bytes) : NULL;
		struct kernel *kernel = source ? kernel_read(source) : NULL;
		if (!kernel)
			continue;
		image->kernel = kernel;
		image->kernel_tree = from->tree;
		snprintf(image->kernel_path, sizeof(image->kernel_path), "%s", path);
		snprintf(image->kernel_where, sizeof(image->kernel_where), "/%.60s in %.90s", path,
		    from->where);
		return true;
	}
	return false;
}

void image_finish(struct image *image)
{
	for (unsigned i = 0; !image->kernel && i < image->tree_count; i++)
		take_tree_kernel(image, &image->trees[i]);
	if (image->devicetree && !*image->cmdline)
		add_cmdline(image, image->devicetree->bootargs);
}

void image_free(struct image *image)
{
	if (!image)
		return;
	for (unsigned i = 0; i < image->tree_count; i++)
		tree_free(image->trees[i].tree);
	kernel_free(image->kernel);
	devicetree_free(image->devicetree);
	for (unsigned i = image->owned->len; i-- > 0;) {
		struct owned *owned = g_ptr_array_index(image->owned, i);
		owned->free(owned->object);
		g_free(owned);
	}
	g_ptr_array_unref(image->owned);
	g_ptr_array_unref(image->problems);
	g_free(image);
}

const char *image_role_name(enum image_role role)
{
	static const char *const names[IMAGE_N_ROLES] = {
	    [IMAGE_UNKNOWN] = "not recognised",
	    [IMAGE_DISK] = "disk",
	    [IMAGE_KERNEL] = "kernel",
	    [IMAGE_RAMDISK] = "initial RAM disk",
	    [IMAGE_DEVICETREE] = "device tree",
	    [IMAGE_BOOT] = "Android boot image",
	    [IMAGE_SUPER] = "Android super partition",
	};
	return names[role];
}
