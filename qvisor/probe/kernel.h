/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A Linux kernel: which one, for what, and what it says about itself. */
#pragma once

#include "qvisor/manifest.h"
#include "qvisor/probe/source.h"

struct kernel {
	const char *format;      /* "bzImage", "vmlinux", "Image", "zImage" */
	bool known_architecture; /* one that QVMI runs: */
	enum manifest_architecture architecture;
	const char *other_architecture; /* "arm": one that it does not; or NULL */
	char release[80];               /* "6.12.9-amd64"; "": it does not say */
	char banner[200];               /* "Linux version ...", or "" */
	char *config;                   /* .config that is built in (CONFIG_IKCONFIG), or NULL */
	GBytes *text;                   /* unpacked, to look for strings in; NULL: it cannot be */
};

/* NULL: no kernel. Reads all of the source. */
struct kernel *kernel_read(struct source *source);
/* Does the unpacked kernel hold this text, from one NUL to the next? */
bool kernel_mentions(const struct kernel *kernel, const char *text);
void kernel_free(struct kernel *kernel);

DEFINE_CLEANUP(kernel);
