/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qvmi audit log, qvmi audit verify: who did what. */
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "console/api.h"
#include "console/audit_log.h"
#include "console/cmd_audit_log.h"
#include "console/nouns.h"
#include "console/output.h"
#include "console/up_layout.h"

/* The record, with its time for people. Caller unrefs; NULL: it cannot be read. */
static JsonObject *record_object(JsonObject *entry)
{
	g_autoptr(JsonNode) node = json_parse_object(api_string(entry, "text"), -1, NULL);
	int64_t seconds;

	if (!node)
		return NULL;
	JsonObject *record = json_object_ref(json_node_get_object(node));
	if (json_get_int(record, "time", 0, G_MAXINT32 * (int64_t)100, &seconds, NULL)) {
		g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
		g_autofree char *text = g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
		json_object_set_string_member(record, "time", text);
	}
	json_object_set_string_member(record, "hash", api_string(entry, "hash"));
	return record;
}

static bool add_query(GString *path, const struct cli *cli, GError **error)
{
	static const char *const filters[] = {
	    "who", "action", "target", "outcome", "limit", "before"};
	const char *since = cli_option(cli, "since");

	for (unsigned i = 0; i < G_N_ELEMENTS(filters); i++)
		if (cli_option(cli, filters[i])) {
			g_autofree char *value =
			    g_uri_escape_string(cli_option(cli, filters[i]), NULL, FALSE);
			g_string_append_printf(path, "&%s=%s", filters[i], value);
		}
	if (!since)
		return true;
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(since, utc);
	if (time)
		g_string_append_printf(path, "&since=%" G_GINT64_FORMAT, g_date_time_to_unix(time));
	else
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "--since is a time like 2026-11-22T08:00:00Z, not \"%s\"", since);
	return time != NULL;
}

bool cmd_audit_log(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {{"RECORD", "seq"}, {"TIME", "time"},
	    {"WHO", "who"}, {"FROM", "from"}, {"ACTION", "action"}, {"TARGET", "target"},
	    {"OUTCOME", "outcome"}, {0}};
	g_autoptr(GString) path = g_string_new("/v1/audit?newest=1");
	struct http_client *broker = add_query(path, cli, error) ? cli_broker(cli, error) : NULL;
	g_autoptr(JsonNode) node = broker ? api_call(broker, "GET", path->str, NULL, error) : NULL;

	if (!node)
		return false;
	JsonArray *entries = api_list(node, "records"), *records = json_array_new();
	for (unsigned i = 0; i < json_array_get_length(entries); i++) {
		JsonObject *record = record_object(json_array_get_object_element(entries, i));
		if (record)
			json_array_add_object_element(records, record);
	}
	JsonObject *object = json_object_new();
	json_object_set_array_member(object, "records", records);
	g_autoptr(JsonNode) told = json_node_of(object);
	output_list(cli, told, "records", columns);
	return true;
}

/* An option, or the file of the `qvmi up` that runs here. Caller frees; NULL: there is none. */
static char *file_for(const struct cli *cli, const char *option, const char *name)
{
	const char *given = option ? cli_option(cli, option) : NULL;
	const char *state = cli_option(cli, "up");

	if (given)
		return g_strdup(given);
	if (cli_option(cli, "server"))
		return NULL;
	AUTO(up_layout) layout = up_layout_new(state ? state : g_getenv("QVMI_STATE"), NULL);
	g_autofree char *path = up_layout_state_file(layout, name);
	return access(path, R_OK) == 0 ? g_steal_pointer(&path) : NULL;
}

struct audit_log_check *cmd_audit_check(struct cli *cli, bool own_files, GError **error)
{
	g_autofree char *heads = file_for(cli, own_files ? NULL : "heads", "audit-heads");
	g_autofree char *key_file = file_for(cli, own_files ? NULL : "key", "pki/grant.pub");
	struct http_client *broker = cli_broker(cli, error);

	if (!broker)
		return NULL;
	AUTO(grant_key) keys = NULL;
	if (heads && key_file && !(keys = grant_key_load(key_file, false, error)))
		return NULL;
	return audit_log_check(broker, keys ? heads : NULL, keys, error);
}

bool cmd_audit_verify(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {
	    {"RECORDS", "records"}, {"HEADS", "heads"}, {"OF UNKNOWN KEYS", "strange_heads"}, {0}};

	if (!cli_option(cli, "heads") != !cli_option(cli, "key")) {
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "--heads needs --key, the public key that they are signed with, and the other "
		    "way round");
		return false;
	}
	AUTO(audit_log_check) check = cmd_audit_check(cli, false, error);
	if (!check)
		return false;
	JsonObject *object = json_object_new();
	JsonArray *broken = json_array_new();
	for (unsigned i = 0; i < check->broken->len; i++)
		json_array_add_string_element(broken, check->broken->pdata[i]);
	json_object_set_int_member(object, "records", check->records);
	json_object_set_int_member(object, "heads", check->heads);
	json_object_set_int_member(object, "strange_heads", check->strange);
	json_object_set_array_member(object, "broken", broken);
	g_autoptr(JsonNode) node = json_node_of(object);
	output_object(cli, node, columns);
	if (check->broken->len == 0)
		return true;
	g_autofree char *first = g_strdup(check->broken->pdata[0]);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
	    "the audit log does not verify: %s (%u findings)", first, check->broken->len);
	return false;
}
