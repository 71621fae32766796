/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/ext4.h"

#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#define SUPERBLOCK 1024 /* where it is */
#define MAGIC 0x38
#define MAGIC_VALUE 0xef53
#define STATE 0x3a
#define STATE_CLEAN 1 /* without "has errors" (2) and "orphans are being recovered" (4) */
#define COMPATIBLE 0x5c
#define HAS_JOURNAL 4

static unsigned little_endian_16(const uint8_t *bytes)
{
	return bytes[0] | (unsigned)bytes[1] << 8;
}

bool ext4_needs_no_check(const char *device)
{
	uint8_t block[COMPATIBLE + 4];
	int fd = open(device, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool whole = pread(fd, block, sizeof(block), SUPERBLOCK) == (ssize_t)sizeof(block);
	close(fd);
	return whole && little_endian_16(block + MAGIC) == MAGIC_VALUE &&
	       little_endian_16(block + STATE) == STATE_CLEAN &&
	       little_endian_16(block + COMPATIBLE) & HAS_JOURNAL;
}
