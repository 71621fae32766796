/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that reads a hostile image: from here on it can read and write the descriptors it has
 * and use memory, within limits, and nothing else (seccomp(2)): no file, no process, no network.
 */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

#define CONFINE_MEMORY_MIB 3072
#define CONFINE_SECONDS 120 /* of processor time */

bool confine(GError **error);
