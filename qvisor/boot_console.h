/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest has said on its console while it booted: read out of QEMU's ring buffer, the last
 * 256 KiB of it. Hostile: bytes of the guest's choice. Main thread; embedded.
 */
#pragma once

#include <glib.h>

#include "qvisor/qmp.h"

struct boot_console {
	GByteArray *bytes;
	bool asked; /* an answer is on its way */
};

void boot_console_init(struct boot_console *console);
/* After the qmp that it was read by is freed: until then answers may come. */
void boot_console_finish(struct boot_console *console);
/* Asks for what there is since the last time, at most 32 KiB; nothing while an answer is due. */
void boot_console_read(struct boot_console *console, struct qmp *qmp);
/* What was said into a file that is ours alone; no file if that is nothing, or if it fails. */
void boot_console_store(const struct boot_console *console, const char *path);
