/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/audit_log.h"

#include <string.h>

#include "common/audit_head.h"
#include "common/error.h"
#include "common/file.h"
#include "common/json.h"
#include "console/api.h"

#define HEADS_MAX (64 * 1024 * 1024)
#define BROKEN_MAX 100 /* told one by one */
#define AT_ONCE 1000

struct walk {
	struct audit_log_check *check;
	GHashTable *heads; /* int64_t seq -> char *hash */
	int64_t seq, last_head;
	char hash[AUDIT_HASH_SIZE];
};

static void broken(struct audit_log_check *check, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void broken(struct audit_log_check *check, const char *format, ...)
{
	va_list arguments;

	if (check->broken->len >= BROKEN_MAX)
		return;
	va_start(arguments, format);
	g_ptr_array_add(check->broken, g_strdup_vprintf(format, arguments));
	va_end(arguments);
}

void audit_log_check_free(struct audit_log_check *check)
{
	if (!check)
		return;
	g_ptr_array_unref(check->broken);
	g_free(check);
}

static bool read_heads(
    struct walk *walk, const char *file, const struct grant_key *keys, GError **error)
{
	struct audit_head head;
	bool last_known = true;
	g_autofree char *text = file_load(file, HEADS_MAX, NULL, error);
	g_auto(GStrv) lines = text ? g_strsplit(g_strchomp(text), "\n", 0) : NULL;

	if (!lines)
		return false;
	for (unsigned i = 0; lines[i] && *lines[i]; i++) {
		last_known = audit_head_read(keys, lines[i], &head, NULL);
		if (!last_known) {
			walk->check->strange++;
			continue;
		}
		walk->check->heads++;
		walk->last_head = MAX(walk->last_head, head.seq);
		g_hash_table_insert(
		    walk->heads, g_memdup2(&head.seq, sizeof(head.seq)), g_strdup(head.hash));
	}
	if (!last_known)
		broken(
		    walk->check, "the last head in %s is not signed by a key that is known", file);
	return true;
}

/* Each break is told once: what follows is compared with what stands there. */
static void take(struct walk *walk, JsonObject *record)
{
	const char *text = api_string(record, "text"), *hash = api_string(record, "hash");
	g_autoptr(JsonNode) node = json_parse_object(text, -1, NULL);
	int64_t seq = 0;

	if (!node || !json_get_int(json_node_get_object(node), "seq", 1, G_MAXINT64, &seq, NULL) ||
	    seq <= walk->seq) {
		broken(walk->check,
		    "what follows record %" G_GINT64_FORMAT " is no record that may stand there",
		    walk->seq);
		return;
	}
	audit_link(walk->hash, text, walk->hash);
	if (seq > walk->seq + 1)
		broken(walk->check,
		    "records %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " are missing",
		    walk->seq + 1, seq - 1);
	else if (!g_str_equal(walk->hash, hash))
		broken(walk->check,
		    "record %" G_GINT64_FORMAT
		    " is not what was written, or does not belong after the one before",
		    seq);
	const char *vouched = g_hash_table_lookup(walk->heads, &seq);
	if (vouched && !g_str_equal(vouched, hash))
		broken(walk->check,
		    "record %" G_GINT64_FORMAT " is not the one that a signed head vouches for",
		    seq);
	g_strlcpy(walk->hash, hash, sizeof(walk->hash));
	walk->seq = seq;
	walk->check->records++;
}

static bool walk_records(struct walk *walk, struct http_client *broker, GError **error)
{
	unsigned n;

	do {
		int64_t after = walk->seq;
		g_autofree char *path = g_strdup_printf(
		    "/v1/audit?after=%" G_GINT64_FORMAT "&limit=%d", after, AT_ONCE);
		g_autoptr(JsonNode) node = api_call(broker, "GET", path, NULL, error);
		if (!node)
			return false;
		JsonArray *records = api_list(node, "records");
		n = json_array_get_length(records);
		for (unsigned i = 0; i < n; i++)
			take(walk, json_array_get_object_element(records, i));
		if (n && walk->seq == after)
			return true; /* nothing of it can be read: has been told */
	} while (n == AT_ONCE);
	return true;
}

struct audit_log_check *audit_log_check(struct http_client *broker, const char *heads_file,
    const struct grant_key *keys, GError **error)
{
	AUTO(audit_log_check) check = g_new0(struct audit_log_check, 1);
	g_autoptr(GHashTable) heads =
	    g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	struct walk walk = {.check = check, .heads = heads, .hash = AUDIT_GENESIS};

	check->broken = g_ptr_array_new_with_free_func(g_free);
	if ((heads_file && !read_heads(&walk, heads_file, keys, error)) ||
	    !walk_records(&walk, broker, error))
		return NULL;
	if (walk.last_head > walk.seq)
		broken(check,
		    "records %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
		    " are missing at the end: a signed head vouches for them",
		    walk.seq + 1, walk.last_head);
	return g_steal_pointer(&check);
}
