/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/audit_chain.h"

#include <glib/gstdio.h>
#include <string.h>

#include "common/audit_head.h"
#include "common/error.h"
#include "common/claims.h"

static char *folder;

static char *path_of(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

static void append(struct audit_chain *chain, const char *who, const char *action, int64_t time)
{
	g_autoptr(GError) error = NULL;
	struct audit_record record = {.time = time,
	    .who = (char *)(uintptr_t)who,
	    .from = (char *)(uintptr_t) "192.0.2.1",
	    .action = (char *)(uintptr_t)action,
	    .outcome = (char *)(uintptr_t) "done"};
	struct audit_record *const records[] = {&record};
	g_assert_true(audit_chain_append(chain, records, 1, &error));
	g_assert_no_error(error);
}

static void test_chain(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = path_of("chain");
	struct audit_chain *chain = audit_chain_open(path, &error);
	const char *hash;
	char expected[AUDIT_HASH_SIZE];

	g_assert_no_error(error);
	g_assert_cmpint(audit_chain_head(chain, &hash), ==, 0);
	g_assert_cmpstr(hash, ==, AUDIT_GENESIS);
	append(chain, "ann", "POST /v1/users", 1000);
	append(chain, NULL, "POST /v1/login", 1001);
	audit_chain_free(chain);
	/* It goes on where it was. */
	chain = audit_chain_open(path, &error);
	append(chain, "ann", "POST /v1/users", 1002);
	g_assert_cmpint(audit_chain_head(chain, &hash), ==, 3);

	struct audit_filter all = {.limit = 100};
	g_autoptr(JsonArray) records = audit_chain_list(chain, &all, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(json_array_get_length(records), ==, 3);
	g_strlcpy(expected, AUDIT_GENESIS, sizeof(expected));
	for (unsigned i = 0; i < 3; i++) {
		JsonObject *record = json_array_get_object_element(records, i);
		audit_link(expected, json_object_get_string_member(record, "text"), expected);
		g_assert_cmpstr(json_object_get_string_member(record, "hash"), ==, expected);
	}
	g_assert_cmpstr(hash, ==, expected);
	g_assert_cmpstr(
	    json_object_get_string_member(json_array_get_object_element(records, 0), "text"), ==,
	    "{\"seq\":1,\"time\":1000,\"who\":\"ann\",\"from\":\"192.0.2.1\","
	    "\"action\":\"POST /v1/users\",\"outcome\":\"done\"}");
	audit_chain_free(chain);
}

static unsigned count(struct audit_chain *chain, struct audit_filter filter)
{
	if (!filter.limit)
		filter.limit = 100;
	g_autoptr(JsonArray) records = audit_chain_list(chain, &filter, NULL);
	return json_array_get_length(records);
}

static void test_filter(void)
{
	g_autofree char *path = path_of("filter");
	AUTO(audit_chain) chain = audit_chain_open(path, NULL);

	for (int i = 0; i < 10; i++)
		append(chain, i % 2 ? "ann" : "bob", i < 5 ? "DELETE /v1/users/{name}" : "other",
		    1000 + i);
	g_assert_cmpuint(count(chain, (struct audit_filter){.who = "ann"}), ==, 5);
	g_assert_cmpuint(count(chain, (struct audit_filter){.who = "ann' OR 1=1 --"}), ==, 0);
	g_assert_cmpuint(
	    count(chain, (struct audit_filter){.who = "ann", .action = "other"}), ==, 3);
	g_assert_cmpuint(count(chain, (struct audit_filter){.after = 3, .before = 6}), ==, 2);
	g_assert_cmpuint(count(chain, (struct audit_filter){.since = 1002, .until = 1004}), ==, 3);
	g_assert_cmpuint(count(chain, (struct audit_filter){.outcome = "refused"}), ==, 0);
	g_assert_cmpuint(count(chain, (struct audit_filter){.limit = 4}), ==, 4);
	struct audit_filter newest = {.newest_first = true, .limit = 1};
	g_autoptr(JsonArray) last = audit_chain_list(chain, &newest, NULL);
	g_assert_nonnull(
	    strstr(json_object_get_string_member(json_array_get_object_element(last, 0), "text"),
	        "\"seq\":10,"));
}

static void test_head(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *private_file = path_of("key"), *public_file = path_of("pub");
	grant_key_generate(private_file, public_file, &error);
	AUTO(grant_key) private = grant_key_load(private_file, true, &error);
	AUTO(grant_key) public = grant_key_load(public_file, false, &error);
	struct audit_head head = {.seq = 7, .time = 1000, .hash = AUDIT_GENESIS}, read = {0};

	g_autofree char *token = audit_head_sign(private, &head, &error);
	g_assert_no_error(error);
	g_assert_true(audit_head_read(public, token, &read, &error));
	g_assert_cmpint(read.seq, ==, 7);
	g_assert_cmpstr(read.hash, ==, AUDIT_GENESIS);
	token[strlen(token) / 2] ^= 1;
	g_assert_false(audit_head_read(public, token, &read, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT);
	g_clear_error(&error);
	/* What was signed for another purpose is no head. */
	g_autoptr(JsonObject) object = json_object_new();
	json_object_set_int_member(object, "seq", 9);
	json_object_set_int_member(object, "time", 9);
	json_object_set_string_member(object, "hash", AUDIT_GENESIS);
	g_autofree char *grant = claims_sign(private, "JWT", object, &error);
	g_assert_false(audit_head_read(public, grant, &read, &error));
	g_unlink(private_file);
	g_unlink(public_file);
}

static void remove_all(void)
{
	const char *name;
	g_autoptr(GDir) open_folder = g_dir_open(folder, 0, NULL);
	while ((name = g_dir_read_name(open_folder))) {
		g_autofree char *path = path_of(name);
		g_unlink(path);
	}
	g_rmdir(folder);
	g_free(folder);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("qvmi-audit-XXXXXX", NULL);
	g_test_add_func("/audit-chain/chain", test_chain);
	g_test_add_func("/audit-chain/filter", test_filter);
	g_test_add_func("/audit-chain/head", test_head);
	int result = g_test_run();
	remove_all();
	return result;
}
