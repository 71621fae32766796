/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi-make-super OUTPUT NAME FILE: Android's super partition with one logical partition in it, as
 * lpmake would write it, which Debian does not have (AOSP liblp/metadata_format.h). The checksums,
 * which the probe does not ask for, are zero. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SECTOR 512
#define METADATA 12288
#define FIRST (1u << 20) /* where the partition begins */

static void put32(uint8_t *p, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

static void put_metadata(uint8_t *head, const char *name, uint64_t sectors)
{
	uint8_t *header = head + METADATA, *partition = header + 128, *extent = partition + 52;
	put32(head + 4096, 0x616c4467);
	put32(head + 4100, 52);
	put32(header, 0x414c5030);
	put32(header + 8, 128);
	put32(header + 44, 52 + 24);
	put32(header + 80 + 4, 1); /* partitions: offset 0, one, of 52 bytes */
	put32(header + 80 + 8, 52);
	put32(header + 92, 52); /* extents */
	put32(header + 92 + 4, 1);
	put32(header + 92 + 8, 24);
	snprintf((char *)partition, 36, "%s", name);
	put32(partition + 44, 1);
	put32(extent, (uint32_t)sectors);
	put32(extent + 12, FIRST / SECTOR);
}

int main(int argc, char **argv)
{
	static uint8_t head[FIRST], piece[65536];
	if (argc != 4) {
		fprintf(stderr, "usage: qvmi-make-super OUTPUT NAME FILE\n");
		return 2;
	}
	FILE *from = fopen(argv[3], "rb"), *to = fopen(argv[1], "wb");
	if (!from || !to || fseek(from, 0, SEEK_END))
		return 1;
	put_metadata(head, argv[2], (uint64_t)ftell(from) / SECTOR);
	rewind(from);
	fwrite(head, 1, sizeof(head), to);
	for (size_t n; (n = fread(piece, 1, sizeof(piece), from)) > 0;)
		fwrite(piece, 1, n, to);
	fclose(from);
	return fclose(to) ? 1 : 0;
}
