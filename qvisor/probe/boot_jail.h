/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The calling process, and the QEMU that it starts from then on: no capability, no network, IPC or
 * host name of this machine where namespaces may be made, and of its files only programs and
 * libraries, the image, and one folder that can be written (Landlock). What of it this kernel or
 * user does not allow is told, and left out; QEMU's own system call filter comes on top.
 */
#pragma once

#include <glib.h>

#include "qvisor/manifest.h"

/* For good. What is missing, as words for a person, or NULL. Caller frees. */
char *boot_jail_enter(const struct manifest *manifest, const char *folder);
