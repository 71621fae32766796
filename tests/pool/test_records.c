/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records: what is accepted from outside, what the indices refuse, what survives reopening. */
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "pool/name.h"
#include "pool/record_host.h"
#include "pool/record_key.h"
#include "pool/record_lease.h"
#include "pool/record_order.h"
#include "pool/record_phone.h"
#include "pool/record_pool.h"
#include "pool/schema.h"
#include "pool/truth.h"

static char *folder, *path;

static struct database *open_db(void)
{
	g_autoptr(GError) error = NULL;
	struct database *db = database_open(path, pool_migrations, &error);

	g_assert_no_error(error);
	return db;
}

static void clean(void)
{
	static const char *const files[] = {"/pool.db", "/pool.db-wal", "/pool.db-shm"};

	for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *file = g_strconcat(folder, files[i], NULL);

		unlink(file);
	}
}

static JsonNode *parse(const char *text)
{
	g_autoptr(GError) error = NULL;
	JsonNode *node = json_parse_object(text, -1, &error);

	g_assert_no_error(error);
	return node;
}

static void check_host(const char *text, const char *complaint)
{
	g_autoptr(JsonNode) node = parse(text);
	g_autoptr(GError) error = NULL;
	AUTO(host_record) r = host_record_parse(json_node_get_object(node), &error);

	if (!complaint) {
		g_assert_no_error(error);
		g_assert_nonnull(r);
		return;
	}
	g_assert_null(r);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	if (!strstr(error->message, complaint))
		g_error("'%s' does not say '%s'", error->message, complaint);
}

#define MTP "\"mtp\":{\"address\":\"\",\"port\":8444,\"websocket_port\":8445}"

static void test_host_input(void)
{
	check_host("{\"id\":\"host-1\",\"url\":\"unix:/q.sock\"," MTP "}", NULL);
	check_host(
	    "{\"id\":\"host-1\",\"url\":\"https://h:1\",\"mtpd_url\":\"unix:/m\"," MTP "}", NULL);
	check_host("{\"url\":\"unix:/q.sock\"," MTP "}", "\"id\"");
	check_host("{\"id\":\"../x\",\"url\":\"unix:/q.sock\"," MTP "}", "\"id\"");
	check_host("{\"id\":\"a b\",\"url\":\"unix:/q.sock\"," MTP "}", "\"id\"");
	check_host("{\"id\":\"h\",\"url\":\"http://evil\"," MTP "}", "\"url\"");
	check_host("{\"id\":\"h\",\"url\":\"file:///etc/passwd\"," MTP "}", "\"url\"");
	check_host("{\"id\":\"h\",\"url\":5," MTP "}", "\"url\"");
	check_host("{\"id\":\"h\",\"url\":\"unix:/q\",\"mtpd_url\":\"x\"," MTP "}", "\"mtpd_url\"");
	check_host("{\"id\":\"h\",\"url\":\"unix:/q\"}", "\"mtp\"");
	check_host("{\"id\":\"h\",\"url\":\"unix:/q\",\"mtp\":{\"port\":0,\"websocket_port\":1}}",
	    "\"port\"");
	check_host(
	    "{\"id\":\"h\",\"url\":\"unix:/q\",\"mtp\":{\"port\":1,\"websocket_port\":70000}}",
	    "\"websocket_port\"");
}

static void check_pool(const char *text, const char *complaint)
{
	g_autoptr(JsonNode) node = parse(text);
	g_autoptr(GError) error = NULL;
	AUTO(pool_record) r = pool_record_parse(json_node_get_object(node), &error);

	if (!complaint) {
		g_assert_no_error(error);
		return;
	}
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	if (!strstr(error->message, complaint))
		g_error("'%s' does not say '%s'", error->message, complaint);
}

static void test_pool_input(void)
{
	check_pool("{\"name\":\"p\",\"template\":\"t\"}", NULL);
	check_pool("{\"name\":\"p\",\"template\":\"t\",\"max\":1}", NULL);
	check_pool("{\"name\":\"p\"}", "\"template\"");
	check_pool("{\"name\":\"\",\"template\":\"t\"}", "\"name\"");
	check_pool("{\"name\":\"p\",\"template\":\"../t\"}", "\"template\"");
	check_pool(
	    "{\"name\":\"p\",\"template\":\"t\",\"ready\":9,\"max\":3}", "more than \"max\"");
	check_pool("{\"name\":\"p\",\"template\":\"t\",\"ready\":-1}", "\"ready\"");
	check_pool("{\"name\":\"p\",\"template\":\"t\",\"max\":100000}", "\"max\"");
	check_pool("{\"name\":\"p\",\"template\":\"t\",\"volatile\":1}", "\"volatile\"");
	check_pool("{\"name\":\"p\",\"template\":\"t\",\"rule\":\"../x\"}", "\"rule\"");
	check_pool("{\"name\":\"p\",\"template\":\"t\",\"raedy\":1}", "has no \"raedy\"");
}

static void test_names(void)
{
	g_autofree char *longer = g_strnfill(NAME_MAX_LENGTH + 1, 'a');

	g_assert_true(name_check("host-1.example_x", "x", NULL));
	g_assert_false(name_check(longer, "x", NULL));
	g_assert_false(name_check("-x", "x", NULL));
	g_assert_false(name_check(".", "x", NULL));
	g_assert_false(name_check("a/b", "x", NULL));
	g_assert_true(name_check_user("J\xc3\xbcrgen@EXAMPLE.ORG", NULL));
	g_assert_false(name_check_user("", NULL));
	g_assert_false(name_check_user("a\nb", NULL));
	g_assert_false(name_check_user("\xff", NULL));
	g_assert_true(name_check_uuid("01234567-89ab-4cde-8f01-23456789abcd", NULL));
	g_assert_false(name_check_uuid("01234567-89AB-4cde-8f01-23456789abcd", NULL));
	g_assert_false(name_check_uuid("01234567-89ab-4cde-8f01-23456789abcd/", NULL));
}

static void add_phone(struct database *db, const char *uuid)
{
	struct phone_record phone = {.uuid = (char *)uuid,
	    .host = (char *)"h",
	    .pool = (char *)"p",
	    .template = (char *)"t",
	    .stage = PHONE_PRESENT,
	    .created = 1};
	g_autoptr(GError) error = NULL;

	g_assert_true(phone_record_insert(db, &phone, &error));
}

static void set_up(struct database *db)
{
	g_autoptr(JsonNode) host = parse("{\"id\":\"h\",\"url\":\"unix:/q.sock\"," MTP "}");
	g_autoptr(JsonNode) pool = parse("{\"name\":\"p\",\"template\":\"t\"}");
	g_autoptr(GError) error = NULL;
	AUTO(host_record) h = host_record_parse(json_node_get_object(host), &error);
	AUTO(pool_record) p = pool_record_parse(json_node_get_object(pool), &error);

	g_assert_true(host_record_save(db, h, &error));
	g_assert_true(pool_record_save(db, p, &error));
	add_phone(db, "u1");
	add_phone(db, "u2");
}

static bool add_lease(
    struct database *db, const char *id, const char *user, const char *phone, GError **error)
{
	struct lease_record lease = {.id = (char *)id,
	    .user = (char *)user,
	    .pool = (char *)"p",
	    .slot = (char *)"default",
	    .phone = (char *)phone,
	    .since = 1};

	return lease_record_insert(db, &lease, error);
}

/* I2 by the database itself. */
static void test_one_lease(void)
{
	AUTO(database) db = open_db();
	g_autoptr(GError) error = NULL;
	AUTO(lease_record) found = NULL;

	set_up(db);
	g_assert_true(add_lease(db, "l1", "ann", "u1", &error));
	g_assert_false(add_lease(db, "l2", "bob", "u1", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_clear_error(&error);
	g_assert_false(add_lease(db, "l2", "ann", "u2", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_clear_error(&error);
	g_assert_true(lease_record_end(db, "l1", "test", 5, &error));
	g_assert_true(add_lease(db, "l2", "bob", "u1", &error));
	g_assert_true(add_lease(db, "l3", "ann", "u2", &error));
	found = lease_record_find(db, "ann", "p", "default", &error);
	g_assert_cmpstr(found->id, ==, "l3");
	g_assert_null(lease_record_find(db, "eve", "p", "default", &error));
	g_assert_no_error(error);
	clean();
}

static void test_keys(void)
{
	AUTO(database) db = open_db();
	g_autoptr(GError) error = NULL;
	g_autofree char *subject = NULL, *longer = g_strnfill(REQUEST_KEY_MAX_LENGTH + 1, 'k');

	g_assert_true(request_key_insert(db, "k", "d", "s", 100, &error));
	g_assert_false(request_key_insert(db, "k", "d", "other", 100, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_clear_error(&error);
	subject = request_key_find(db, "k", "d", &error);
	g_assert_cmpstr(subject, ==, "s");
	g_assert_null(request_key_find(db, "k", "e", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_null(request_key_find(db, "new", "d", &error));
	g_assert_no_error(error);
	g_assert_true(request_key_forget_before(db, 101, &error));
	g_assert_null(request_key_find(db, "k", "d", &error));
	g_assert_no_error(error);
	g_assert_true(request_key_check("a-Z_9", NULL));
	g_assert_false(request_key_check("", NULL));
	g_assert_false(request_key_check(longer, NULL));
	g_assert_false(request_key_check("a\r\nX: y", NULL));
	clean();
}

static void count(const struct order_record *order, void *data)
{
	g_assert_cmpstr(order->who, ==, "tester");
	(*(int *)data)++;
}

static void test_orders(void)
{
	AUTO(database) db = open_db();
	struct order_record order = {
	    .phone = "u1", .host = "h", .what = "destroy", .why = "x", .who = "tester", .at = 7};
	g_autoptr(GError) error = NULL;
	bool open = true;
	int n = 0;

	g_assert_true(order_record_open(db, "u1", &open, &error));
	g_assert_false(open);
	g_assert_true(order_record_insert(db, &order, &error));
	g_assert_true(order_record_insert(db, &order, &error));
	g_assert_true(order_record_open(db, "u1", &open, &error));
	g_assert_true(open);
	g_assert_cmpint(order_record_count_open(db, &error), ==, 2);
	g_assert_true(order_record_done(db, "u1", 9, &error));
	g_assert_cmpint(order_record_count_open(db, &error), ==, 0);
	g_assert_true(order_record_each(db, "u1", 0, 10, count, &n, &error));
	g_assert_cmpint(n, ==, 2);
	g_assert_true(order_record_each(db, NULL, 2, 10, count, &n, &error));
	g_assert_cmpint(n, ==, 3);
	g_assert_true(order_record_each(db, "u9", 0, 10, count, &n, &error));
	g_assert_cmpint(n, ==, 3);
	clean();
}

/* Closed and opened: everything is there; a host with phones stays. */
static void test_reopened(void)
{
	struct database *db = open_db();
	g_autoptr(GError) error = NULL;
	AUTO(phone_record) phone = NULL;

	set_up(db);
	g_assert_true(add_lease(db, "l1", "ann", "u1", &error));
	g_assert_true(phone_record_set_stage(db, "u1", PHONE_RELEASING, &error));
	g_assert_true(phone_record_set_owner(db, "u1", "ann", &error));
	database_free(db);
	db = open_db();
	phone = phone_record_get(db, "u1", &error);
	g_assert_no_error(error);
	g_assert_cmpint(phone->stage, ==, PHONE_RELEASING);
	g_assert_cmpstr(phone->owner, ==, "ann");
	g_assert_cmpstr(phone->lease, ==, "l1");
	g_assert_cmpstr(phone->user, ==, "ann");
	g_assert_cmpint(phone_record_count(db, "p", &error), ==, 2);
	g_assert_false(host_record_delete(db, "h", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_clear_error(&error);
	g_assert_null(phone_record_get(db, "u9", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	database_free(db);
	clean();
}

static void check_truth(const char *text, int phones)
{
	g_autoptr(JsonNode) node = parse(text);
	g_autoptr(GError) error = NULL;
	g_autoptr(GHashTable) table = truth_parse(node, &error);

	if (phones < 0) {
		g_assert_null(table);
		g_assert_nonnull(error);
	} else {
		g_assert_no_error(error);
		g_assert_cmpuint(g_hash_table_size(table), ==, (guint)phones);
	}
}

#define UUID "\"uuid\":\"01234567-89ab-4cde-8f01-23456789abcd\""

static void test_truth(void)
{
	check_truth("{\"phones\":[]}", 0);
	check_truth("{\"phones\":[{" UUID ",\"state\":\"running\",\"agent\":{\"ready\":true},"
	            "\"screen\":{\"width\":720,\"height\":1440},\"pid\":5}]}",
	    1);
	check_truth("{\"phones\":[{" UUID ",\"state\":\"off\"},{" UUID ",\"state\":\"off\"}]}", 1);
	check_truth("{}", -1);
	check_truth("{\"phones\":5}", -1);
	check_truth("{\"phones\":[5]}", -1);
	check_truth("{\"phones\":[{\"state\":\"off\"}]}", -1);
	check_truth("{\"phones\":[{" UUID "}]}", -1);
	check_truth("{\"phones\":[{" UUID ",\"state\":\"dancing\"}]}", -1);
	check_truth("{\"phones\":[{\"uuid\":\"../../x\",\"state\":\"off\"}]}", -1);
	check_truth("{\"phones\":[{" UUID ",\"state\":\"off\",\"pid\":-1}]}", -1);
	check_truth("{\"phones\":[{" UUID ",\"state\":\"off\",\"name\":7}]}", -1);
}

int main(int argc, char **argv)
{
	int code;

	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("qvmi-records-XXXXXX", NULL);
	path = g_build_filename(folder, "pool.db", NULL);
	g_test_add_func("/pool/records/host-input", test_host_input);
	g_test_add_func("/pool/records/pool-input", test_pool_input);
	g_test_add_func("/pool/records/names", test_names);
	g_test_add_func("/pool/records/one-lease", test_one_lease);
	g_test_add_func("/pool/records/keys", test_keys);
	g_test_add_func("/pool/records/orders", test_orders);
	g_test_add_func("/pool/records/reopened", test_reopened);
	g_test_add_func("/pool/records/truth", test_truth);
	code = g_test_run();
	rmdir(folder);
	g_free(folder);
	g_free(path);
	return code;
}
