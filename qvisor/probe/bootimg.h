/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Android's boot and vendor_boot images, headers of version 0 to 4 (AOSP system/tools/mkbootimg/
 * include/bootimg/bootimg.h). */
#pragma once

#include "qvisor/probe/source.h"

struct bootimg {
	bool vendor;                           /* vendor_boot */
	unsigned version;                      /* of the header */
	struct source *kernel, *ramdisk, *dtb; /* NULL: none; they borrow the image */
	char cmdline[2560];                    /* printable ASCII */
};

/* NULL without error: it is something else. */
struct bootimg *bootimg_read(struct source *image, GError **error);
void bootimg_free(struct bootimg *boot);

DEFINE_CLEANUP(bootimg);
