/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an ext4's superblock says of itself (Linux, Documentation/filesystems/ext4/super.rst). All
 * of it is whoever wrote the disk's word: it decides what is tried first and nothing else.
 */
#pragma once

#include <stdbool.h>

/* Has a journal, and no error was ever noted: mounting it is enough, since that replays what the
 * journal has; e2fsck(8) would do the same. */
bool ext4_needs_no_check(const char *device);
