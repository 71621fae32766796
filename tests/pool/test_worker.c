/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The background worker against simulated hosts: reserves, crashes, storms, strangers, hosts that
 * lie or are away. */
#include "pool/allocator.h"
#include "pool/lifecycle.h"
#include "pool/view.h"
#include "tests/pool/stage.h"

static struct simulated_phone *any_phone(struct simulated_host *h)
{
	GHashTableIter iter;
	gpointer p = NULL;

	g_hash_table_iter_init(&iter, h->phones);
	g_hash_table_iter_next(&iter, NULL, &p);
	return p;
}

static void test_reserve(void)
{
	struct stage s;

	stage_up(&s, 3, 8, false);
	run_until(ready_phones(&s) == 3);
	run_for(100);
	g_assert_cmpuint(s.hosts[0]->creations, ==, 3);
	/* Larger, then smaller: with orders. */
	stage_pool(&s, 5, 8, false);
	run_until(ready_phones(&s) == 5);
	stage_pool(&s, 1, 8, false);
	run_until(g_hash_table_size(s.hosts[0]->phones) == 1);
	run_for(100);
	g_assert_cmpuint(s.hosts[0]->creations, ==, 5);
	g_assert_cmpuint(s.hosts[0]->destructions, ==, 4);
	check_invariants(&s);
	stage_down(&s);
}

/* Many at once, but never more than a few on one host; two hosts share. */
static void test_bounded(void)
{
	struct stage s;

	stage_up(&s, 20, 20, false);
	stage_host(&s, "host-2");
	run_until(ready_phones(&s) == 20);
	g_assert_cmpuint(s.hosts[0]->most_at_once, <=, HOST_CLONES_AT_ONCE);
	g_assert_cmpuint(s.hosts[1]->most_at_once, <=, HOST_CLONES_AT_ONCE);
	g_assert_cmpuint(g_hash_table_size(s.hosts[1]->phones), >, 0);
	check_invariants(&s);
	stage_down(&s);
}

/* A ready clone crashes: replaced, with an order and its reason. */
static void test_crashed_spare(void)
{
	struct stage s;
	g_autofree char *uuid = NULL;

	stage_up(&s, 1, 8, false);
	run_until(ready_phones(&s) == 1);
	any_phone(s.hosts[0])->state = "failed";
	uuid = g_strdup(any_phone(s.hosts[0])->uuid);
	run_until(!g_hash_table_contains(s.hosts[0]->phones, uuid));
	run_until(ready_phones(&s) == 1);
	g_assert_cmpint(
	    ask_number(&s, "SELECT count(*) FROM orders WHERE why LIKE '%failed%'"), ==, 1);
	check_invariants(&s);
	stage_down(&s);
}

/* Clones that fail, or start and crash: a pause that grows, no storm. */
static void test_no_storm(void)
{
	struct stage s;

	stage_up(&s, 2, 8, false);
	s.hosts[0]->refuse = 1000;
	run_for(2500);
	/* At once, after 1 s, after 2 more: each with at most two. */
	g_assert_cmpuint(1000 - s.hosts[0]->refuse, <=, 6);
	g_assert_cmpuint(1000 - s.hosts[0]->refuse, >=, 2);
	g_assert_nonnull(manager_host(s.m, "host-1", NULL)->clone_problem);
	s.hosts[0]->refuse = 0;
	stage_down(&s);

	stage_up(&s, 2, 8, false);
	s.hosts[0]->crash_clones = true;
	run_for(2500);
	g_assert_cmpuint(s.hosts[0]->creations, <=, 8);
	s.hosts[0]->crash_clones = false;
	run_until(ready_phones(&s) == 2);
	check_invariants(&s);
	stage_down(&s);
}

/* A phone that no record knows is shown and left alone. */
static void test_foreign(void)
{
	struct stage s;
	const char *uuid = "01234567-89ab-4cde-8f01-23456789abcd";
	struct host *host;

	stage_up(&s, 1, 8, false);
	simulated_host_add(s.hosts[0], uuid, NULL);
	run_until(ready_phones(&s) == 1 && manager_find_phone(s.m, uuid));
	run_for(100);
	host = manager_find_phone(s.m, uuid);
	g_assert_true(g_hash_table_contains(s.hosts[0]->phones, uuid));
	g_assert_cmpstr(view_phone_use(NULL), ==, "foreign");
	g_assert_cmpstr(
	    view_phone_state(NULL, g_hash_table_lookup(host->phones, uuid), host), ==, "running");
	stage_down(&s);
}

/* A host that lies about what it is, or talks nonsense, is as good as away: nothing is concluded.
 */
static void test_nonsense(void)
{
	struct stage s;

	stage_up(&s, 2, 8, false);
	run_until(ready_phones(&s) == 2);
	s.hosts[0]->nonsense = 1;
	run_until(!manager_host(s.m, "host-1", NULL)->reachable);
	g_assert_nonnull(strstr(manager_host(s.m, "host-1", NULL)->problem, "makes no sense"));
	run_until(manager_host(s.m, "host-1", NULL)->reachable);
	s.hosts[0]->id = "host-9";
	s.hosts[0]->away = true; /* a gap, after which somebody else answers */
	run_until(!manager_host(s.m, "host-1", NULL)->reachable);
	s.hosts[0]->away = false;
	run_until(strstr(manager_host(s.m, "host-1", NULL)->problem, "answers as 'host-9'"));
	s.hosts[0]->id = "host-1";
	run_until(manager_host(s.m, "host-1", NULL)->reachable);
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM orders"), ==, 0);
	g_assert_cmpuint(s.hosts[0]->creations, ==, 2);
	stage_down(&s);
}

static void leased(const struct lease_record *lease, bool fresh, const GError *error, void *data)
{
	(void)fresh;
	g_assert_no_error(error);
	*(char **)data = g_strdup(lease->phone);
}

/* A leased phone that its host has lost: kept in the records, said so, healed when it returns. */
static void test_lost(void)
{
	struct stage s;
	struct lease_request q = {"ann", "p", "default", NULL};
	g_autofree char *uuid = NULL;
	g_autoptr(GError) error = NULL;
	AUTO(phone_record) r = NULL;
	struct host *host;

	stage_up(&s, 0, 8, true);
	allocator_lease(s.m, &q, leased, &uuid);
	run_until(uuid);
	g_hash_table_remove(s.hosts[0]->phones, uuid);
	run_until(g_hash_table_contains(s.m->lost, uuid));
	run_for(50);
	r = phone_record_get(s.m->db, uuid, &error);
	g_assert_no_error(error);
	host = manager_host(s.m, "host-1", NULL);
	g_assert_cmpstr(view_phone_state(r, NULL, host), ==, "lost");
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM orders"), ==, 0);
	simulated_host_add(s.hosts[0], uuid, NULL);
	run_until(!g_hash_table_contains(s.m->lost, uuid));
	stage_down(&s);
}

static void flagged(const GError *error, void *data)
{
	(void)error;
	*(bool *)data = true;
}

/* I6: work that destroys is refused without an order. */
static void test_no_order(void)
{
	struct stage s;
	bool done = false;
	g_autofree char *uuid = NULL;

	stage_up(&s, 1, 8, false);
	run_until(ready_phones(&s) == 1);
	uuid = g_strdup(any_phone(s.hosts[0])->uuid);
	work_add(s.m, &(struct work_task){.kind = WORK_DESTROY, .uuid = uuid, .host = "host-1"},
	    flagged, &done);
	run_until(done);
	g_assert_cmpuint(s.hosts[0]->destructions, ==, 0);
	g_assert_cmpint(ready_phones(&s), ==, 1);
	stage_down(&s);
}

/* What was ordered while the host is away happens when it is back. */
static void test_destroyed_later(void)
{
	struct stage s;
	bool done = false;
	g_autofree char *uuid = NULL;
	g_autoptr(GError) error = NULL;

	stage_up(&s, 1, 8, false);
	run_until(ready_phones(&s) == 1);
	uuid = g_strdup(any_phone(s.hosts[0])->uuid);
	s.hosts[0]->away = true;
	g_assert_true(lifecycle_destroy_phone(s.m, uuid, false, "tester", flagged, &done, &error));
	run_until(done);
	g_assert_true(g_hash_table_contains(s.hosts[0]->phones, uuid));
	stage_restart(&s);
	s.hosts[0]->away = false;
	run_until(!g_hash_table_contains(s.hosts[0]->phones, uuid));
	run_until(ready_phones(&s) == 1);
	check_invariants(&s);
	stage_down(&s);
}

/* A host is given up: by force only, with orders; a pool goes with its spare phones. */
static void test_removed(void)
{
	struct stage s;
	g_autoptr(GError) error = NULL;

	stage_up(&s, 2, 8, false);
	run_until(ready_phones(&s) == 2);
	g_assert_false(manager_remove_host(s.m, "host-1", false, "tester", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_clear_error(&error);
	g_assert_true(lifecycle_delete_pool(s.m, "p", "tester", &error));
	run_until(g_hash_table_size(s.hosts[0]->phones) == 0);
	run_until(ask_number(&s, "SELECT count(*) FROM phones") == 0);
	check_invariants(&s);
	stage_pool(&s, 2, 8, false);
	run_until(ready_phones(&s) == 2);
	g_assert_true(manager_remove_host(s.m, "host-1", true, "tester", &error));
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM phones"), ==, 0);
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM orders WHERE what = 'forget'"), ==, 2);
	g_assert_false(manager_remove_host(s.m, "host-1", true, "tester", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	stage_down(&s);
}

/* Phones made by hand: counted, kept, never given to somebody else or removed as surplus. */
static void test_manual(void)
{
	struct stage s;
	struct phone_order order = {.pool = "p", .who = "uid 0"};
	char uuid[UUID_SIZE];
	bool done = false;
	g_autoptr(GError) error = NULL;
	struct lease_request q = {"ann", "p", "default", NULL};
	g_autofree char *given = NULL;

	stage_up(&s, 0, 2, false);
	run_until(manager_knows_hosts(s.m) && manager_host(s.m, "host-1", NULL)->reachable);
	g_assert_true(lifecycle_create_phone(s.m, &order, uuid, flagged, &done, &error));
	run_until(done);
	run_for(50);
	g_assert_true(g_hash_table_contains(s.hosts[0]->phones, uuid));
	allocator_lease(s.m, &q, leased, &given);
	run_until(given);
	g_assert_cmpstr(given, !=, uuid);
	g_assert_false(lifecycle_create_phone(s.m, &order, uuid, flagged, &done, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED);
	stage_down(&s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK); /* warnings are expected */
	g_test_add_func("/pool/worker/reserve", test_reserve);
	g_test_add_func("/pool/worker/bounded", test_bounded);
	g_test_add_func("/pool/worker/crashed-spare", test_crashed_spare);
	g_test_add_func("/pool/worker/no-storm", test_no_storm);
	g_test_add_func("/pool/worker/foreign", test_foreign);
	g_test_add_func("/pool/worker/nonsense", test_nonsense);
	g_test_add_func("/pool/worker/lost", test_lost);
	g_test_add_func("/pool/worker/no-order", test_no_order);
	g_test_add_func("/pool/worker/destroyed-later", test_destroyed_later);
	g_test_add_func("/pool/worker/removed", test_removed);
	g_test_add_func("/pool/worker/manual", test_manual);
	return g_test_run();
}
