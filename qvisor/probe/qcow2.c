/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <zlib.h>

#include "common/error.h"
#include "qvisor/probe/source.h"

#define MAGIC 0x514649fb
#define OFFSET_MASK 0x00fffffffffffe00ull
#define COMPRESSED (1ull << 62)
#define ZERO 1
#define SLOTS 32
#define L1_MAX (32u << 20)       /* bytes, as QEMU */
enum { DIRTY = 1, CORRUPT = 2 }; /* incompatible features that reading does not mind */

struct qcow2_source {
	struct source source, *parent;
	unsigned cluster_bits;
	uint32_t l1_size;
	uint8_t *l1;
	/* The last table; and the last unpacked clusters, each in the slot of its place: a file
	 * system goes back and forth between what describes a file and what is in it. */
	uint64_t l2_at;
	uint8_t *l2;
	struct {
		uint64_t entry; /* 0: empty */
		uint8_t *plain;
	} slots[SLOTS];
};

/* The cluster of `entry`, unpacked; NULL: damaged. */
static const uint8_t *unpack_cluster(struct qcow2_source *disk, uint64_t index, uint64_t entry)
{
	unsigned slot = index % SLOTS;
	if (disk->slots[slot].entry == entry)
		return disk->slots[slot].plain;
	if (!disk->slots[slot].plain)
		disk->slots[slot].plain = g_malloc((size_t)1 << disk->cluster_bits);
	uint8_t *plain = disk->slots[slot].plain;
	unsigned shift = 62 - (disk->cluster_bits - 8);
	uint64_t at = entry & ((1ull << shift) - 1);
	uint64_t sectors = ((entry & (COMPRESSED - 1)) >> shift) + 1;
	if (at >= disk->parent->size)
		return NULL;
	uint64_t n = MIN(sectors * 512 - (at & 511), disk->parent->size - at);
	g_autoptr(GBytes) packed = source_bytes(disk->parent, at, n);
	z_stream stream = {.next_out = plain, .avail_out = 1u << disk->cluster_bits};
	if (!packed || inflateInit2(&stream, -12) != Z_OK)
		return NULL;
	stream.next_in = (uint8_t *)g_bytes_get_data(packed, NULL);
	stream.avail_in = (unsigned)n;
	inflate(&stream, Z_FINISH);
	bool whole = stream.avail_out == 0;
	inflateEnd(&stream);
	disk->slots[slot].entry = whole ? entry : 0;
	return whole ? plain : NULL;
}

/* The second-level entry for `at`; 0: reads as zero. */
static bool find_entry(struct qcow2_source *disk, uint64_t at, uint64_t *entry)
{
	unsigned l2_bits = disk->cluster_bits - 3;
	uint64_t index = at >> disk->cluster_bits, l1 = index >> l2_bits;
	*entry = 0;
	if (l1 >= disk->l1_size)
		return false;
	uint64_t table = load_be64(disk->l1 + l1 * 8) & OFFSET_MASK;
	if (!table)
		return true;
	if (table != disk->l2_at) {
		disk->l2_at = 0;
		if (!source_read(disk->parent, table, disk->l2, (size_t)1 << disk->cluster_bits))
			return false;
		disk->l2_at = table;
	}
	*entry = load_be64(disk->l2 + (index & ((1ull << l2_bits) - 1)) * 8);
	return true;
}

static bool read_piece(struct qcow2_source *disk, uint64_t at, uint8_t *to, size_t n)
{
	uint64_t entry, within = at & ((1ull << disk->cluster_bits) - 1);
	if (!find_entry(disk, at, &entry))
		return false;
	if (entry & COMPRESSED) {
		const uint8_t *plain = unpack_cluster(disk, at >> disk->cluster_bits, entry);
		if (plain)
			memcpy(to, plain + within, n);
		return plain;
	}
	if (!(entry & OFFSET_MASK) || entry & ZERO) {
		memset(to, 0, n);
		return true;
	}
	return source_read(disk->parent, (entry & OFFSET_MASK) + within, to, n);
}

static bool qcow2_read(struct source *source, uint64_t at, void *buffer, size_t n)
{
	struct qcow2_source *disk = (struct qcow2_source *)source;
	uint64_t cluster = 1ull << disk->cluster_bits;
	for (uint8_t *to = buffer; n;) {
		size_t piece = MIN(n, cluster - (at & (cluster - 1)));
		if (!read_piece(disk, at, to, piece))
			return false;
		to += piece, at += piece, n -= piece;
	}
	return true;
}

static void qcow2_free(struct source *source)
{
	struct qcow2_source *disk = (struct qcow2_source *)source;
	g_free(disk->l1);
	g_free(disk->l2);
	for (unsigned i = 0; i < SLOTS; i++)
		g_free(disk->slots[i].plain);
	g_free(disk);
}

/* NULL: we can read it. */
static const char *refusal(const uint8_t *header, uint32_t version)
{
	unsigned bits = load_be32(header + 20);
	if (version != 2 && version != 3)
		return "is of an unknown version";
	if (load_be64(header + 8))
		return "has a backing file; flatten it with \"qemu-img convert -O qcow2\"";
	if (load_be32(header + 32))
		return "is encrypted";
	if (version == 3 && load_be64(header + 72) & ~(uint64_t)(DIRTY | CORRUPT))
		return "has features that are not read here; run \"qemu-img convert -O raw\"";
	if (bits < 9 || bits > 21 || (uint64_t)load_be32(header + 36) * 8 > L1_MAX)
		return "is damaged";
	return NULL;
}

struct source *source_of_qcow2(struct source *parent, GError **error)
{
	uint8_t header[104] = {0};
	if (!source_read(parent, 0, header, 72) || load_be32(header) != MAGIC)
		return NULL;
	uint32_t version = load_be32(header + 4);
	const char *why = version == 3 && !source_read(parent, 0, header, sizeof(header))
	                      ? "is damaged"
	                      : refusal(header, version);
	if (why) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "the qcow2 image %s", why);
		return NULL;
	}
	struct qcow2_source *disk = g_new0(struct qcow2_source, 1);
	*disk = (struct qcow2_source){.source = {load_be64(header + 24), qcow2_read, qcow2_free},
	    .parent = parent,
	    .cluster_bits = load_be32(header + 20),
	    .l1_size = load_be32(header + 36)};
	disk->l1 = g_malloc((size_t)disk->l1_size * 8 + 1);
	disk->l2 = g_malloc((size_t)1 << disk->cluster_bits);
	if (source_read(parent, load_be64(header + 40), disk->l1, (size_t)disk->l1_size * 8))
		return &disk->source;
	qcow2_free(&disk->source);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT, "the qcow2 image is cut off");
	return NULL;
}
