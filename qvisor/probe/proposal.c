/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/proposal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"

#define RAMDISK_MAX (256u << 20)
#define PIECE (1u << 20)

static bool refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
static bool refuse(GError **error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (error)
		*error = g_error_new_valist(QVMI_ERROR, QVMI_ERROR_INVALID, format, arguments);
	va_end(arguments);
	return false;
}

/* --- files --- */

static bool write_all(int fd, const void *data, size_t n, GError **error)
{
	for (size_t done = 0; done < n;) {
		ssize_t put = write(fd, (const char *)data + done, n - done);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return refuse(error, "a file of the manifest cannot be written: %s",
			    g_strerror(put ? errno : ENOSPC));
		done += (size_t)put;
	}
	return true;
}

static bool write_source(int fd, struct source *source, GError **error)
{
	g_autofree uint8_t *piece = g_malloc(PIECE);
	for (uint64_t at = 0; at < source->size;) {
		size_t n = MIN(source->size - at, PIECE);
		if (!source_read(source, at, piece, n))
			return refuse(error, "a part of the image cannot be read");
		if (!write_all(fd, piece, n, error))
			return false;
		at += n;
	}
	return true;
}

static JsonObject *object_of(JsonObject *parent, const char *member)
{
	JsonObject *object = json_object_new();
	json_object_set_object_member(parent, member, object);
	return object;
}

static const struct image_input *input_of(const struct image *image, enum image_role role)
{
	for (unsigned i = 0; i < image->input_count; i++)
		if (image->inputs[i].role == role)
			return &image->inputs[i];
	return NULL;
}

/* An input by its number: who reads this knows the paths, and believes none from here. */
static void set_input(JsonObject *files, const char *member, const struct image *image,
    const struct image_input *input)
{
	json_object_set_int_member(files, member, input - image->inputs);
}

static bool put_kernel(
    JsonObject *files, const struct image *image, struct proposal_files *out, GError **error)
{
	const struct image_input *input = input_of(image, IMAGE_KERNEL);
	if (input && input->source == image->kernel_source) {
		set_input(files, "kernel", image, input);
		return true;
	}
	AUTO(source) inside = NULL;
	if (image->kernel_tree) {
		g_autoptr(GBytes) bytes =
		    tree_read(image->kernel_tree, image->kernel_path, SOURCE_READ_MAX);
		inside = bytes ? source_of_bytes(bytes) : NULL;
	}
	struct source *source = image->kernel_tree ? inside : image->kernel_source;
	if (!source || !write_source(out->kernel, source, error))
		return false;
	out->kernel_written = true;
	json_object_set_string_member(files, "kernel", PROPOSAL_KERNEL);
	return true;
}

/* The initial RAM disk beside a kernel that is in a tree. */
static GBytes *tree_ramdisk(const struct image *image)
{
	static const char *const names[] = {"initrd.img-RELEASE", "initramfs-RELEASE.img",
	    "initramfs-RELEASE", "initrd-RELEASE", "initrd.img", "initramfs"};
	const char *slash = strrchr(image->kernel_path, '/');
	gssize folder = slash ? slash + 1 - image->kernel_path : 0;
	for (unsigned i = 0; image->kernel_tree && i < G_N_ELEMENTS(names); i++) {
		g_autoptr(GString) path = g_string_new_len(image->kernel_path, folder);
		g_string_append(path, names[i]);
		g_string_replace(path, "RELEASE", image->kernel->release, 1);
		GBytes *bytes = tree_read(image->kernel_tree, path->str, RAMDISK_MAX);
		if (bytes)
			return bytes;
	}
	return NULL;
}

static bool put_ramdisk(
    JsonObject *files, const struct image *image, struct proposal_files *out, GError **error)
{
	const struct image_input *input = input_of(image, IMAGE_RAMDISK);
	if (!image->ramdisk_count && input) {
		set_input(files, "initrd", image, input);
		return true;
	}
	g_autoptr(GBytes) bytes = image->ramdisk_count ? NULL : tree_ramdisk(image);
	if (bytes &&
	    !write_all(out->ramdisk, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), error))
		return false;
	for (unsigned i = 0; i < image->ramdisk_count; i++)
		if (!write_source(out->ramdisk, image->ramdisks[i], error))
			return false;
	out->ramdisk_written = bytes || image->ramdisk_count;
	if (out->ramdisk_written)
		json_object_set_string_member(files, "initrd", PROPOSAL_RAMDISK);
	return true;
}

/* --- the kernel's command line --- */

/* What names the phone's own hardware, of which nothing is there. */
static bool is_boards(const char *word)
{
	static const char *const prefixes[] = {"console=", "earlycon", "earlyprintk",
	    "root=", "mtdparts=", "mem=", "fbcon=", "video="};
	for (unsigned i = 0; i < G_N_ELEMENTS(prefixes); i++)
		if (g_str_has_prefix(word, prefixes[i]))
			return true;
	return false;
}

/* Of the trees on the disk the one that has an init. */
static const struct image_tree *find_root(const struct image *image)
{
	static const char *const folders[] = {"sbin", "usr/sbin", "usr/lib/systemd", "etc/init.d"};
	for (unsigned i = 0; i < image->tree_count; i++)
		for (unsigned j = 0; j < G_N_ELEMENTS(folders); j++)
			if (image->trees[i].root_partition >= 0 &&
			    tree_has_folder(image->trees[i].tree, folders[j]))
				return &image->trees[i];
	return NULL;
}

static char *make_cmdline(const struct image *image, const struct proposal_wish *wish)
{
	g_autoptr(GString) line = g_string_new(NULL);
	const struct image_tree *root = image->android ? NULL : find_root(image);
	g_string_append_printf(line, "console=%s",
	    image->kernel->architecture == MANIFEST_AARCH64 ? "ttyAMA0" : "ttyS0");
	if (root && root->root_partition > 0)
		g_string_append_printf(line, " root=/dev/vda%d", root->root_partition);
	else if (root)
		g_string_append(line, " root=/dev/vda");
	if (root)
		g_string_append_printf(line, " rootfstype=%s %s", root->tree->kind,
		    strcmp(root->tree->kind, "ext4") ? "ro" : "rw");
	g_auto(GStrv) words = g_strsplit(image->cmdline, " ", 0);
	for (unsigned i = 0; words[i]; i++) {
		bool plain = true;
		for (const char *c = words[i]; *c; c++)
			plain &= *c > ' ' && *c <= '~';
		if (*words[i] && plain && !is_boards(words[i]) &&
		    line->len + strlen(words[i]) < 1900)
			g_string_append_printf(line, " %s", words[i]);
	}
	if (wish->append)
		g_string_append_printf(line, " %s", wish->append);
	return g_string_free(g_steal_pointer(&line), FALSE);
}

/* --- the manifest --- */

static char *make_name(const struct findings *findings, const struct proposal_wish *wish)
{
	if (wish->name)
		return g_strdup(wish->name);
	g_autofree char *name = g_ascii_strdown(findings->os_id ? findings->os_id : "phone", -1);
	for (char *c = name; *c; c++)
		if (!g_ascii_isalnum(*c))
			*c = '-';
	name[MIN(strlen(name), 32)] = 0;
	return manifest_name_valid(name) ? g_steal_pointer(&name) : g_strdup("phone");
}

static bool can_boot(const struct image *image, const struct findings *findings, GError **error)
{
	const struct kernel *kernel = image->kernel;
	if (!kernel)
		return refuse(error,
		    "there is no Linux kernel in the image; give the file that has it as well");
	if (!kernel->known_architecture)
		return refuse(error, "the kernel is for %s; QVMI runs x86_64 and aarch64",
		    kernel->other_architecture);
	for (unsigned i = 0; i < FINDINGS_DRIVERS; i++)
		if (findings->drivers[i].needed && findings->drivers[i].state == DRIVER_MISSING &&
		    kernel->text)
			return refuse(error,
			    "the kernel has no driver for %s, without which there is not %s; take "
			    "another "
			    "kernel of version %s, configured with it",
			    findings->drivers[i].device, findings->drivers[i].without,
			    *kernel->release ? kernel->release : "unknown");
	if (image->android && !input_of(image, IMAGE_SUPER))
		return refuse(
		    error, "an Android image without its super partition; give super.img as well");
	return true;
}

static bool put_files(JsonObject *files, const struct image *image,
    const struct proposal_wish *wish, struct proposal_files *out, GError **error)
{
	const struct image_input *disk = input_of(image, IMAGE_DISK);
	if (disk)
		set_input(files, "disk", image, disk);
	if (!put_kernel(files, image, out, error) || !put_ramdisk(files, image, out, error))
		return false;
	g_autofree char *cmdline = make_cmdline(image, wish);
	json_object_set_string_member(files, "cmdline", cmdline);
	if (image->android)
		set_input(object_of(files, "system"), "super", image, input_of(image, IMAGE_SUPER));
	return true;
}

JsonObject *proposal_make(const struct image *image, const struct findings *findings,
    const struct proposal_wish *wish, struct proposal_files *files, GError **error)
{
	if (!can_boot(image, findings, error))
		return NULL;
	bool arm = image->kernel->architecture == MANIFEST_AARCH64;
	g_autoptr(JsonObject) root = json_object_new();
	g_autofree char *name = make_name(findings, wish);
	json_object_set_int_member(root, "format", 1);
	if (image->android)
		json_object_set_string_member(root, "kind", "android");
	json_object_set_string_member(root, "name", name);
	if (!put_files(object_of(root, "image"), image, wish, files, error))
		return NULL;
	JsonObject *machine = object_of(root, "machine");
	json_object_set_string_member(
	    machine, "architecture", manifest_architecture_name(image->kernel->architecture));
	json_object_set_string_member(machine, "type", arm ? "virt" : "q35");
	json_object_set_int_member(machine, "cpus", wish->cpus);
	json_object_set_int_member(machine, "memory_mib", wish->memory_mib);
	JsonObject *screen = object_of(root, "screen");
	json_object_set_int_member(screen, "width", wish->width);
	json_object_set_int_member(screen, "height", wish->height);
	JsonObject *devices = object_of(root, "devices");
	json_object_set_string_member(devices, "gpu", arm ? "virtio-gpu" : "virtio-vga");
	json_object_set_string_member(devices, "touch", "virtio-multitouch");
	json_object_set_string_member(devices, "keyboard", "virtio-keyboard");
	JsonObject *ready = object_of(root, "ready");
	json_object_set_string_member(ready, "by", image->android ? "adb" : "agent");
	json_object_set_int_member(ready, "timeout_s", 600);
	return g_steal_pointer(&root);
}
