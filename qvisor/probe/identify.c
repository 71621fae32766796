/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "qvisor/probe/findings.h"

#define TEXT_MAX (16u << 20)

/* --- what it is --- */

/* The value of KEY=value in os-release(5) or a property file. Caller frees. */
static char *value_of(const char *text, const char *key)
{
	size_t n = strlen(key);
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, n) != 0 || line[n] != '=')
			continue;
		const char *value = line + n + 1;
		size_t length = strcspn(value, "\n");
		if (length >= 2 && (*value == '"' || *value == '\'') && value[length - 1] == *value)
			value++, length -= 2;
		g_autofree char *copy = g_strndup(value, MIN(length, 120));
		return g_utf8_make_valid(copy, -1);
	}
	return NULL;
}

static bool take_os_release(struct findings *findings, const struct image_tree *tree)
{
	static const char *const paths[] = {"usr/lib/os-release", "etc/os-release"};
	for (unsigned i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *text = tree_read_text(tree->tree, paths[i], 65536);
		g_autofree char *name = text ? value_of(text, "PRETTY_NAME") : NULL;
		if (!name)
			continue;
		findings->os = g_steal_pointer(&name);
		findings->os_id = value_of(text, "ID");
		findings_note(findings, tree->where, "/%s says \"%s\"", paths[i], findings->os);
		return true;
	}
	return false;
}

static bool take_android(struct findings *findings, const struct image_tree *tree)
{
	static const char *const paths[] = {"system/build.prop", "build.prop", "default.prop",
	    "prop.default", "system/etc/ramdisk/build.prop"};
	for (unsigned i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autofree char *text = tree_read_text(tree->tree, paths[i], 1u << 20);
		g_autofree char *release = text ? value_of(text, "ro.build.version.release") : NULL;
		g_autofree char *tags = text ? value_of(text, "ro.build.tags") : NULL;
		g_autofree char *product = text ? value_of(text, "ro.product.system.name") : NULL;
		if (!release)
			continue;
		findings->os = g_strdup_printf("Android %s", release);
		findings->os_id = g_strdup("android");
		findings->shell = g_strdup("Android");
		findings_note(findings, tree->where, "/%s: version %s, product %s, built with %s",
		    paths[i], release, product ? product : "unknown", tags ? tags : "unknown keys");
		/* Products of the open source project itself. */
		if (product &&
		    (g_str_has_prefix(product, "aosp_") || g_str_has_prefix(product, "lineage_"))) {
			findings->openness = OPENNESS_SOURCES;
			findings_note(findings, tree->where,
			    "the product %s is built from public sources", product);
		}
		return true;
	}
	return false;
}

static void take_shell(struct findings *findings, const struct image_tree *tree)
{
	static const struct {
		const char *folder, *name, *shell;
	} shells[] = {
	    {"usr/libexec", "phosh", "Phosh"},
	    {"usr/bin", "phosh-session", "Phosh"},
	    {"usr/bin", "phosh", "Phosh"},
	    {"usr/bin", "sxmo_winit.sh", "Sxmo"},
	    {"usr/bin", "startplasmamobile", "Plasma Mobile"},
	    {"usr/bin", "lomiri", "Lomiri"},
	    {"usr/bin", "lipstick", "Sailfish"},
	};
	for (unsigned i = 0; !findings->shell && i < G_N_ELEMENTS(shells); i++) {
		g_autofree char *path = g_strdup_printf("%s/%s", shells[i].folder, shells[i].name);
		g_autoptr(GBytes) program = tree_read(tree->tree, path, TEXT_MAX);
		if (!program)
			continue;
		findings->shell = g_strdup(shells[i].shell);
		findings_note(
		    findings, tree->where, "/%s is the phone shell %s", path, shells[i].shell);
	}
}

/* --- how open it is --- */

static unsigned count_lines(const char *text, const char *begin)
{
	unsigned count = 0;
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		count += g_str_has_prefix(line, begin);
	}
	return count;
}

/* Distributions that publish the sources of what they ship. */
static void take_packages(struct findings *findings, const struct image_tree *tree)
{
	static const struct {
		const char *path, *begin, *kind, *build;
	} databases[] = {
	    {"var/lib/dpkg/status", "Package: ", "Debian", "apt-get build-dep"},
	    {"lib/apk/db/installed", "P:", "Alpine", "abuild"},
	    {"usr/lib/opkg/status", "Package: ", "OpenWrt", "its SDK"},
	};
	for (unsigned i = 0; i < G_N_ELEMENTS(databases); i++) {
		g_autofree char *text = tree_read_text(tree->tree, databases[i].path, TEXT_MAX);
		unsigned count = text ? count_lines(text, databases[i].begin) : 0;
		if (!count)
			continue;
		findings->openness = OPENNESS_SOURCES;
		findings_note(findings, tree->where,
		    "/%s: %u packages of the %s kind, each with a public source that %s makes "
		    "ready",
		    databases[i].path, count, databases[i].kind, databases[i].build);
	}
}

static void take_build_tools(struct findings *findings, const struct image_tree *tree)
{
	static const char *const compilers[] = {"usr/bin/gcc", "usr/bin/cc", "usr/bin/clang"};
	g_autoptr(GPtrArray) sources = tree_list(tree->tree, "usr/src");
	if (!sources->len)
		return;
	findings_note(findings, tree->where, "/usr/src has %s and %u more",
	    (const char *)g_ptr_array_index(sources, 0), sources->len - 1);
	for (unsigned i = 0; i < G_N_ELEMENTS(compilers); i++) {
		g_autoptr(GBytes) compiler = tree_read(tree->tree, compilers[i], TEXT_MAX);
		if (!compiler)
			continue;
		findings_note(findings, tree->where, "/%s is a compiler", compilers[i]);
		findings->openness = OPENNESS_SOURCES;
		break;
	}
}

static unsigned count_modules(struct tree *tree, const char *folder)
{
	g_autofree char *path = g_strdup_printf("%s/modules.dep", folder);
	g_autofree char *text = tree_read_text(tree, path, TEXT_MAX);
	unsigned count = 0;
	for (const char *at = text; at && (at = strchr(at, '\n')); at++)
		count++;
	return count;
}

static bool take_modules(
    struct findings *findings, const struct image_tree *tree, const char *folder)
{
	unsigned count = count_modules(tree->tree, folder);
	if (count)
		findings_note(
		    findings, tree->where, "/%s: %u modules for this kernel", folder, count);
	return count;
}

/* Modules or a configuration: what another kernel of the same version can be built from. */
static bool take_kernel_files(
    struct findings *findings, const struct image_tree *tree, const char *release)
{
	g_autofree char *merged = g_strdup_printf("usr/lib/modules/%s", release);
	g_autofree char *split = g_strdup_printf("lib/modules/%s", release);
	g_autofree char *config = g_strdup_printf("boot/config-%s", release);
	bool found = take_modules(findings, tree, merged) || take_modules(findings, tree, split) ||
	             take_modules(findings, tree, "lib/modules");
	g_autoptr(GBytes) text = tree_read(tree->tree, config, TEXT_MAX);
	if (text)
		findings_note(findings, tree->where, "/%s is the kernel's configuration", config);
	return found || text;
}

static void take_kernel(struct findings *findings, const struct image *image)
{
	const struct kernel *kernel = image->kernel;
	if (!kernel) {
		findings_note(findings, "all files", "no Linux kernel was found");
		return;
	}
	if (!*kernel->banner) {
		findings_note(findings, image->kernel_where,
		    "a %s kernel that does not say its version%s", kernel->format,
		    kernel->text ? "" : ": it cannot be unpacked");
		return;
	}
	findings_note(
	    findings, image->kernel_where, "a %s kernel: \"%s\"", kernel->format, kernel->banner);
	bool open = kernel->config;
	if (open)
		findings_note(findings, image->kernel_where, "its configuration is built in");
	for (unsigned i = 0; i < image->tree_count; i++)
		open |= take_kernel_files(findings, &image->trees[i], kernel->release);
	if (open)
		findings->openness = MAX(findings->openness, OPENNESS_KERNEL);
	else
		findings_note(findings, image->kernel_where,
		    "neither modules nor configuration of this kernel are there");
}

void findings_identify(struct findings *findings, const struct image *image)
{
	/* What is on a disk says more than what boots it. */
	for (unsigned pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < image->tree_count; i++) {
			const struct image_tree *tree = &image->trees[i];
			if (tree->ramdisk != (pass == 1))
				continue;
			if (!findings->os && !take_os_release(findings, tree))
				take_android(findings, tree);
			take_shell(findings, tree);
			take_packages(findings, tree);
			take_build_tools(findings, tree);
		}
	take_kernel(findings, image);
	if (!findings->os)
		findings_note(findings, "all files", "nothing says which system it is");
}
