/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/bootimg.h"

#include <string.h>

#include "common/error.h"

#define HEADER_MAX 4096

/* The parts stand one after the other, each beginning with a page. */
struct layout {
	struct source *image;
	uint64_t at;
	uint32_t page;
	bool whole;
};

static struct source *take(struct layout *layout, uint32_t size)
{
	struct source *image = layout->image;
	uint64_t at = layout->at;
	if (at > image->size || size > image->size - at) {
		layout->whole = false;
		return NULL;
	}
	layout->at += ((uint64_t)size + layout->page - 1) / layout->page * layout->page;
	return size ? source_slice(image, at, size) : NULL;
}

static void skip(struct layout *layout, uint32_t size)
{
	source_free(take(layout, size));
}

static void add_cmdline(struct bootimg *boot, const uint8_t *text, size_t n)
{
	size_t at = strlen(boot->cmdline);
	for (size_t i = 0; i < n && text[i] && at + 1 < sizeof(boot->cmdline); i++)
		boot->cmdline[at++] = text[i] >= ' ' && text[i] <= '~' ? (char)text[i] : '?';
	boot->cmdline[at] = 0;
}

static void read_old(struct bootimg *boot, struct layout *layout, const uint8_t *header)
{
	skip(layout, 1);
	boot->kernel = take(layout, load_le32(header + 8));
	boot->ramdisk = take(layout, load_le32(header + 16));
	skip(layout, load_le32(header + 24)); /* the second stage */
	if (boot->version >= 1)
		skip(layout, load_le32(header + 1632)); /* the recovery's overlays */
	if (boot->version >= 2)
		boot->dtb = take(layout, load_le32(header + 1648));
	add_cmdline(boot, header + 64, 512);
	add_cmdline(boot, header + 608, 1024);
}

static void read_new(struct bootimg *boot, struct layout *layout, const uint8_t *header)
{
	skip(layout, 1);
	boot->kernel = take(layout, load_le32(header + 8));
	boot->ramdisk = take(layout, load_le32(header + 12));
	add_cmdline(boot, header + 44, 1536);
}

static void read_vendor(struct bootimg *boot, struct layout *layout, const uint8_t *header)
{
	skip(layout, MAX(load_le32(header + 2096), 1));
	boot->ramdisk = take(layout, load_le32(header + 24));
	boot->dtb = take(layout, load_le32(header + 2100));
	add_cmdline(boot, header + 28, 2048);
}

/* False: this version or page size does not exist. */
static bool begin(struct bootimg *boot, struct layout *layout, const uint8_t *header)
{
	boot->version = load_le32(header + (boot->vendor ? 8 : 40));
	layout->page = boot->vendor        ? load_le32(header + 12)
	               : boot->version < 3 ? load_le32(header + 36)
	                                   : 4096;
	return boot->version <= 4 && (!boot->vendor || boot->version >= 3) &&
	       layout->page >= 2048 && layout->page <= 65536 &&
	       (layout->page & (layout->page - 1)) == 0;
}

struct bootimg *bootimg_read(struct source *image, GError **error)
{
	uint8_t header[HEADER_MAX] = {0};
	size_t n = MIN(image->size, sizeof(header));
	if (n < 1024 || !source_read(image, 0, header, n))
		return NULL;
	bool vendor = !memcmp(header, "VNDRBOOT", 8);
	if (!vendor && memcmp(header, "ANDROID!", 8) != 0)
		return NULL;
	AUTO(bootimg) boot = g_new0(struct bootimg, 1);
	struct layout layout = {.image = image, .whole = true};
	boot->vendor = vendor;
	if (begin(boot, &layout, header)) {
		(vendor                 ? read_vendor
		    : boot->version < 3 ? read_old
		                        : read_new)(boot, &layout, header);
		if (layout.whole)
			return g_steal_pointer(&boot);
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
	    "the Android %s image (header version %u) is cut off or damaged",
	    vendor ? "vendor_boot" : "boot", boot->version);
	return NULL;
}

void bootimg_free(struct bootimg *boot)
{
	if (!boot)
		return;
	source_free(boot->kernel);
	source_free(boot->ramdisk);
	source_free(boot->dtb);
	g_free(boot);
}
