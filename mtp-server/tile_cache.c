/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/tile_cache.h"

#include <string.h>

struct key {
	struct rectangle r;
	uint32_t codecs;
	uint32_t quality; /* and how rough */
};

struct entry {
	struct key key;
	uint64_t version;
	GBytes *bytes;
};

struct tile_cache {
	GHashTable *entries; /* of entry, by its key */
	size_t bytes, max_bytes;
};

static struct key key_of(struct rectangle r, const struct tile_demand *demand)
{
	return (struct key){
	    .r = r, .codecs = demand->codecs, .quality = demand->quality | demand->roughness << 8};
}

static guint key_hash(gconstpointer pointer)
{
	const struct key *k = pointer;
	return ((k->r.x * 31 + k->r.y) * 31 + k->r.width) * 31 + k->r.height + k->quality;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct key)) == 0;
}

static void entry_free(gpointer pointer)
{
	struct entry *entry = pointer;
	g_bytes_unref(entry->bytes);
	g_free(entry);
}

struct tile_cache *tile_cache_new(size_t max_bytes)
{
	struct tile_cache *cache = g_new0(struct tile_cache, 1);
	cache->entries = g_hash_table_new_full(key_hash, key_equal, NULL, entry_free);
	cache->max_bytes = max_bytes;
	return cache;
}

void tile_cache_free(struct tile_cache *cache)
{
	if (!cache)
		return;
	g_hash_table_unref(cache->entries);
	g_free(cache);
}

void tile_cache_clear(struct tile_cache *cache)
{
	g_hash_table_remove_all(cache->entries);
	cache->bytes = 0;
}

GBytes *tile_cache_get(struct tile_cache *cache, struct rectangle r, uint64_t version,
    const struct tile_demand *demand)
{
	struct key key = key_of(r, demand);
	struct entry *entry = g_hash_table_lookup(cache->entries, &key);
	return entry && entry->version == version ? entry->bytes : NULL;
}

void tile_cache_put(struct tile_cache *cache, struct rectangle r, uint64_t version,
    const struct tile_demand *demand, const void *bytes, size_t n)
{
	if (cache->bytes + n > cache->max_bytes)
		tile_cache_clear(cache);
	if (n > cache->max_bytes)
		return;
	struct entry *entry = g_new0(struct entry, 1);
	entry->key = key_of(r, demand);
	entry->version = version;
	entry->bytes = g_bytes_new(bytes, n);
	struct entry *old = g_hash_table_lookup(cache->entries, &entry->key);
	if (old)
		cache->bytes -= g_bytes_get_size(old->bytes);
	cache->bytes += n;
	g_hash_table_replace(cache->entries, &entry->key, entry);
}
