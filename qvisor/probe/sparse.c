/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/error.h"
#include "qvisor/probe/source.h"

#define FILE_HEADER 28
#define CHUNK_HEADER 12
#define CHUNKS_MAX (1u << 20)

enum { CHUNK_RAW = 0xcac1, CHUNK_FILL, CHUNK_HOLE, CHUNK_SUM };

struct chunk {
	uint64_t begin, end; /* in what it unfolds to */
	uint64_t at;         /* raw: in the parent */
	uint8_t fill[4];
	bool raw;
};

struct sparse_source {
	struct source source, *parent;
	GArray *chunks; /* in order, without gaps */
};

/* The chunk that holds `at`, which is below the size. */
static const struct chunk *find_chunk(const struct sparse_source *sparse, uint64_t at)
{
	unsigned low = 0, high = sparse->chunks->len;
	while (high - low > 1) {
		unsigned middle = low + (high - low) / 2;
		if (g_array_index(sparse->chunks, struct chunk, middle).begin <= at)
			low = middle;
		else
			high = middle;
	}
	return &g_array_index(sparse->chunks, struct chunk, low);
}

static bool sparse_read(struct source *source, uint64_t at, void *buffer, size_t n)
{
	struct sparse_source *sparse = (struct sparse_source *)source;
	for (uint8_t *to = buffer; n;) {
		const struct chunk *chunk = find_chunk(sparse, at);
		size_t piece = MIN(n, chunk->end - at);
		if (chunk->raw) {
			if (!source_read(
			        sparse->parent, chunk->at + (at - chunk->begin), to, piece))
				return false;
		} else {
			for (size_t i = 0; i < piece; i++)
				to[i] = chunk->fill[(at - chunk->begin + i) & 3];
		}
		to += piece, at += piece, n -= piece;
	}
	return true;
}

static void sparse_free(struct source *source)
{
	struct sparse_source *sparse = (struct sparse_source *)source;
	g_array_unref(sparse->chunks);
	g_free(sparse);
}

/* One chunk at *at of the parent, which moves on. False: damaged. */
static bool add_chunk(
    struct sparse_source *sparse, uint64_t *at, unsigned header_size, uint32_t block)
{
	uint8_t header[CHUNK_HEADER];
	if (!source_read(sparse->parent, *at, header, sizeof(header)))
		return false;
	uint64_t size = (uint64_t)load_le32(header + 4) * block, total = load_le32(header + 8);
	struct chunk chunk = {.begin = sparse->source.size,
	    .end = sparse->source.size + size,
	    .at = *at + header_size};
	if (total < header_size)
		return false;
	switch (load_le16(header)) {
	case CHUNK_RAW:
		chunk.raw = true;
		if (total - header_size != size)
			return false;
		break;
	case CHUNK_FILL:
		if (!source_read(sparse->parent, chunk.at, chunk.fill, sizeof(chunk.fill)))
			return false;
		break;
	case CHUNK_HOLE:
		break;
	case CHUNK_SUM:
		size = 0;
		break;
	default:
		return false;
	}
	*at += total;
	if (size)
		g_array_append_val(sparse->chunks, chunk);
	sparse->source.size += size;
	return true;
}

struct source *source_of_sparse(struct source *parent, GError **error)
{
	uint8_t header[FILE_HEADER];
	if (!source_read(parent, 0, header, sizeof(header)) || load_le32(header) != SPARSE_MAGIC)
		return NULL;
	unsigned chunk_header = load_le16(header + 10);
	uint32_t block = load_le32(header + 12), count = load_le32(header + 20);
	uint64_t at = load_le16(header + 8);
	struct sparse_source *sparse = g_new0(struct sparse_source, 1);
	*sparse = (struct sparse_source){
	    {0, sparse_read, sparse_free}, parent, g_array_new(FALSE, FALSE, sizeof(struct chunk))};
	bool good = load_le16(header + 4) == 1 && at >= FILE_HEADER &&
	            chunk_header >= CHUNK_HEADER && block >= 4 && block % 4 == 0 &&
	            block <= (1u << 24) && count <= CHUNKS_MAX;
	for (uint32_t i = 0; good && i < count; i++)
		good = add_chunk(sparse, &at, chunk_header, block);
	if (good)
		return &sparse->source;
	sparse_free(&sparse->source);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
	    "the Android sparse image is damaged; make it anew with img2simg");
	return NULL;
}
