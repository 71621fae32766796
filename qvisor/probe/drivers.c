/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "qvisor/probe/findings.h"

#define LIST_MAX (8u << 20)

/* Of each device: its driver's module, its option, and a text that a kernel has which it is built
 * into. */
static const struct {
	const char *device, *module, *option, *text, *without;
	bool needed;
} wanted[FINDINGS_DRIVERS] = {
    {"virtio over PCI", "virtio_pci", "CONFIG_VIRTIO_PCI", "virtio-pci", "any device", true},
    {"virtio-gpu", "virtio_gpu", "CONFIG_DRM_VIRTIO_GPU", "virtio_gpu", "the screen", true},
    {"virtio-multitouch, -keyboard", "virtio_input", "CONFIG_VIRTIO_INPUT", "virtio_input",
        "touch and keys", true},
    {"virtio-serial", "virtio_console", "CONFIG_VIRTIO_CONSOLE", "virtio_console", "the agent",
        true},
    {"virtio-blk", "virtio_blk", "CONFIG_VIRTIO_BLK", "virtio_blk", "the disk", true},
    {"virtio-net", "virtio_net", "CONFIG_VIRTIO_NET", "virtio_net", "the network", false},
    {"virtio-rng", "virtio_rng", "CONFIG_HW_RANDOM_VIRTIO", "virtio_rng",
        "random numbers right after a clone", false},
    {"hot plug", "pciehp", "CONFIG_HOTPLUG_PCI_PCIE", "pciehp",
        "plugging the network after a clone", false},
    {"vmgenid", "vmgenid", "CONFIG_VMGENID", "vmgenid",
        "fresh kernel random numbers in each clone before the agent speaks", false},
};

/* Names of modules write "-" and "_" as they like. */
static bool same_module(const char *file, const char *module)
{
	size_t n = strlen(module);
	for (size_t i = 0; i < n; i++)
		if ((file[i] == '-' ? '_' : file[i]) != module[i])
			return false;
	return g_str_has_prefix(file + n, ".ko");
}

/* Does a list of modules' paths (modules.dep, modules.builtin: one at the beginning of a line) have
 * it? */
static bool list_has(const char *list, const char *module)
{
	for (const char *line = list; line && *line;) {
		size_t n = strcspn(line, ":\n"), slash = n;
		while (slash && line[slash - 1] != '/')
			slash--;
		g_autofree char *file = g_strndup(line + slash, n - slash);
		if (same_module(file, module))
			return true;
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return false;
}

static enum driver_state look_in_tree(
    struct tree *tree, const char *release, const char *module, const char **list)
{
	static const char *const folders[] = {"usr/lib/modules", "lib/modules"};
	static const struct {
		const char *name;
		enum driver_state state;
	} lists[] = {{"modules.builtin", DRIVER_BUILT_IN}, {"modules.dep", DRIVER_MODULE}};
	for (unsigned i = 0; i < 2 * G_N_ELEMENTS(folders); i++)
		for (unsigned j = 0; j < G_N_ELEMENTS(lists); j++) {
			/* Android's ramdisks have no folder of the release. */
			g_autofree char *path = g_strdup_printf("%s/%s%s%s", folders[i / 2],
			    i % 2 ? "" : release, i % 2 ? "" : "/", lists[j].name);
			g_autofree char *text = tree_read_text(tree, path, LIST_MAX);
			if (text && list_has(text, module)) {
				*list = lists[j].name;
				return lists[j].state;
			}
		}
	return DRIVER_MISSING;
}

static enum driver_state look_in_config(const char *config, const char *option)
{
	g_autofree char *yes = g_strdup_printf("\n%s=y", option);
	g_autofree char *module = g_strdup_printf("\n%s=m", option);
	return strstr(config, yes)      ? DRIVER_BUILT_IN
	       : strstr(config, module) ? DRIVER_MODULE
	                                : DRIVER_MISSING;
}

static void find_driver(struct driver *driver, const struct image *image, const char *module,
    const char *option, const char *text)
{
	const struct kernel *kernel = image->kernel;
	if (!kernel)
		return;
	for (unsigned i = 0; i < image->tree_count && driver->state == DRIVER_MISSING; i++) {
		const char *list = NULL;
		driver->state = look_in_tree(image->trees[i].tree, kernel->release, module, &list);
		if (list)
			snprintf(driver->where, sizeof(driver->where), "%s in %.120s", list,
			    image->trees[i].where);
	}
	if (driver->state == DRIVER_MISSING && kernel->config) {
		driver->state = look_in_config(kernel->config, option);
		if (driver->state != DRIVER_MISSING)
			snprintf(driver->where, sizeof(driver->where),
			    "the kernel's own configuration: %s", option);
	} else if (driver->state == DRIVER_MISSING && kernel_mentions(kernel, text)) {
		driver->state = DRIVER_BUILT_IN;
		snprintf(driver->where, sizeof(driver->where), "\"%s\" is in the kernel", text);
	}
}

static bool has_disk(const struct image *image)
{
	for (unsigned i = 0; i < image->input_count; i++)
		if (image->inputs[i].role == IMAGE_DISK || image->inputs[i].role == IMAGE_SUPER)
			return true;
	return false;
}

void findings_drivers(struct findings *findings, const struct image *image)
{
	bool disk = has_disk(image);
	for (unsigned i = 0; i < FINDINGS_DRIVERS; i++) {
		struct driver *driver = &findings->drivers[i];
		*driver = (struct driver){.device = wanted[i].device,
		    .without = wanted[i].without,
		    .needed =
		        wanted[i].needed && (disk || strcmp(wanted[i].module, "virtio_blk") != 0)};
		find_driver(driver, image, wanted[i].module, wanted[i].option, wanted[i].text);
	}
}
