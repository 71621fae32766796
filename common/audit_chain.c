/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/audit_chain.h"

#include <string.h>

#include "common/database.h"
#include "common/json.h"

static const char *const schema[] = {
    "CREATE TABLE records ("
    "  seq INTEGER PRIMARY KEY,"
    "  time INTEGER NOT NULL,"
    "  who TEXT,"
    "  action TEXT NOT NULL,"
    "  target TEXT,"
    "  outcome TEXT NOT NULL,"
    "  text TEXT NOT NULL,"
    "  hash TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX records_who ON records (who, seq);"
    "CREATE INDEX records_action ON records (action, seq);"
    "CREATE INDEX records_target ON records (target, seq);"
    "CREATE INDEX records_time ON records (time);",
    NULL,
};

struct audit_chain {
	struct database *database;
	int64_t seq;
	char hash[AUDIT_HASH_SIZE];
};

void audit_record_free(struct audit_record *record)
{
	if (!record)
		return;
	g_free(record->who);
	g_free(record->from);
	g_free(record->action);
	g_free(record->target);
	g_free(record->outcome);
	g_clear_pointer(&record->detail, json_object_unref);
	g_free(record);
}

static bool read_head(struct audit_chain *chain, GError **error)
{
	GError *failure = NULL;
	AUTO(rows)
	rows = database_query(
	    chain->database, error, "SELECT seq, hash FROM records ORDER BY seq DESC LIMIT 1", "");

	g_strlcpy(chain->hash, AUDIT_GENESIS, sizeof(chain->hash));
	if (!rows)
		return false;
	if (rows_next(rows, &failure)) {
		chain->seq = rows_int(rows, 0);
		g_strlcpy(chain->hash, rows_string(rows, 1), sizeof(chain->hash));
	}
	if (!failure)
		return true;
	g_propagate_error(error, failure);
	return false;
}

struct audit_chain *audit_chain_open(const char *path, GError **error)
{
	AUTO(audit_chain) chain = g_new0(struct audit_chain, 1);

	chain->database = database_open(path, schema, error);
	if (!chain->database || !read_head(chain, error))
		return NULL;
	return g_steal_pointer(&chain);
}

void audit_chain_free(struct audit_chain *chain)
{
	if (!chain)
		return;
	database_free(chain->database);
	g_free(chain);
}

static void set_text(JsonObject *object, const char *member, const char *text)
{
	if (text)
		json_object_set_string_member(object, member, text);
}

static char *record_text(const struct audit_record *record, int64_t seq)
{
	JsonObject *object = json_object_new();

	json_object_set_int_member(object, "seq", seq);
	json_object_set_int_member(object, "time", record->time);
	set_text(object, "who", record->who);
	set_text(object, "from", record->from);
	set_text(object, "action", record->action);
	set_text(object, "target", record->target);
	set_text(object, "outcome", record->outcome);
	if (record->detail)
		json_object_set_object_member(object, "detail", json_object_ref(record->detail));
	g_autoptr(JsonNode) node = json_node_of(object);
	return json_text(node);
}

/* Moves *seq and `hash` on. */
static bool insert(struct audit_chain *chain, const struct audit_record *record, int64_t *seq,
    char hash[AUDIT_HASH_SIZE], GError **error)
{
	g_autofree char *text = record_text(record, *seq + 1);

	audit_link(hash, text, hash);
	return database_exec(chain->database, error,
	    "INSERT INTO records (seq, time, who, action, target, outcome, text, hash) "
	    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	    "iissssss", ++*seq, record->time, record->who, record->action, record->target,
	    record->outcome, text, hash);
}

bool audit_chain_append(
    struct audit_chain *chain, struct audit_record *const *records, unsigned n, GError **error)
{
	int64_t seq = chain->seq;
	char hash[AUDIT_HASH_SIZE];
	bool good = database_begin(chain->database, error);

	memcpy(hash, chain->hash, sizeof(hash));
	for (unsigned i = 0; good && i < n; i++)
		good = insert(chain, records[i], &seq, hash, error);
	if (!good || !database_commit(chain->database, error)) {
		database_rollback(chain->database);
		g_prefix_error(error, "the audit log cannot be written: ");
		return false;
	}
	chain->seq = seq;
	memcpy(chain->hash, hash, sizeof(hash));
	return true;
}

int64_t audit_chain_head(const struct audit_chain *chain, const char **hash)
{
	*hash = chain->hash;
	return chain->seq;
}

static void *entry_of(struct rows *rows)
{
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "text", rows_string(rows, 0));
	json_object_set_string_member(object, "hash", rows_string(rows, 1));
	return object;
}

#define WHERE                                                                                      \
	"SELECT text, hash FROM records WHERE seq > ? AND (? = 0 OR seq < ?) AND time >= ? AND "   \
	"(? = 0 OR time <= ?) AND (? IS NULL OR who = ?) AND (? IS NULL OR action = ?) AND "       \
	"(? IS NULL OR target = ?) AND (? IS NULL OR outcome = ?) "

JsonArray *audit_chain_list(
    struct audit_chain *chain, const struct audit_filter *filter, GError **error)
{
	static const char newest[] = WHERE "ORDER BY seq DESC LIMIT ?",
	                  oldest[] = WHERE "ORDER BY seq LIMIT ?";
	struct rows *rows =
	    database_query(chain->database, error, filter->newest_first ? newest : oldest,
	        "iiiiiissssssssi", filter->after, filter->before, filter->before, filter->since,
	        filter->until, filter->until, filter->who, filter->who, filter->action,
	        filter->action, filter->target, filter->target, filter->outcome, filter->outcome,
	        (int64_t)MIN(filter->limit, AUDIT_LIST_MAX));
	g_autoptr(GPtrArray) list =
	    rows_list(rows, entry_of, (GDestroyNotify)json_object_unref, error);
	if (!list)
		return NULL;
	JsonArray *array = json_array_sized_new(list->len);
	for (unsigned i = 0; i < list->len; i++)
		json_array_add_object_element(array, json_object_ref(list->pdata[i]));
	return array;
}
