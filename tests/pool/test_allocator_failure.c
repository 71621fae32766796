/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases when things break: phones crash, hosts are away or full, answers are lost, and the manager
 * ends in the middle. */
#include "tests/pool/outcome.h"

/* A leased phone that crashed stays leased and is started at the next sign-in. */
static void test_crashed_lease(void)
{
	struct stage s;
	struct outcome a = {0}, b = {0};
	struct simulated_phone *p;

	stage_up(&s, 0, 8, true);
	lease(&s, "ann", NULL, &a);
	p = g_hash_table_lookup(s.hosts[0]->phones, a.phone);
	p->state = "failed";
	run_for(200);
	g_assert_cmpstr(p->state, ==, "failed");
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM orders"), ==, 0);
	lease(&s, "ann", NULL, &b);
	g_assert_no_error(b.error);
	g_assert_cmpstr(b.phone, ==, a.phone);
	g_assert_cmpstr(p->state, ==, "running");
	g_assert_cmpuint(s.hosts[0]->starts, ==, 1);
	outcome_clear(&a);
	outcome_clear(&b);
	stage_down(&s);
}

/* A host that is away: its leases are kept and said to be unavailable, nothing is deleted. */
static void test_away(void)
{
	struct stage s;
	struct outcome a = {0}, b = {0};

	stage_up(&s, 1, 8, true);
	lease(&s, "ann", NULL, &a);
	settle(&s);
	s.hosts[0]->away = true;
	run_until(!manager_host(s.m, "host-1", NULL)->reachable);
	lease(&s, "ann", NULL, &b);
	g_assert_error(b.error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	lease(&s, "bob", NULL, &b);
	g_assert_error(b.error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	run_for(200);
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM phones"), >=, 1);
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM orders"), ==, 0);
	s.hosts[0]->away = false;
	run_until(manager_host(s.m, "host-1", NULL)->reachable);
	lease(&s, "ann", NULL, &b);
	g_assert_no_error(b.error);
	g_assert_cmpstr(b.lease, ==, a.lease);
	outcome_clear(&a);
	outcome_clear(&b);
	stage_down(&s);
}

/* A clone fails: undone, and made on another host. */
static void test_failed_clone(void)
{
	struct stage s;
	struct outcome a = {0};

	stage_up(&s, 0, 8, false);
	run_until(manager_knows_hosts(s.m));
	s.hosts[0]->refuse = 1;
	lease(&s, "ann", "key", &a);
	/* It rests now and is alone: the cause is the answer. */
	g_assert_error(a.error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED);
	g_assert_nonnull(strstr(a.error->message, "disk is full"));
	settle(&s);
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM leases"), ==, 0);
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM request_keys"), ==, 0);
	check_invariants(&s);

	stage_host(&s, "host-2");
	run_until(manager_knows_hosts(s.m) && manager_host(s.m, "host-2", NULL)->reachable);
	lease(&s, "ann", "key", &a); /* the key is free again */
	g_assert_no_error(a.error);
	g_assert_cmpuint(s.hosts[1]->creations, ==, 1);
	check_invariants(&s);
	outcome_clear(&a);
	stage_down(&s);
}

/* The host made it but its answer was lost: what nobody was told of is destroyed, by an order. */
static void test_lost_answer(void)
{
	struct stage s;
	struct outcome a = {0};

	stage_up(&s, 0, 8, false);
	s.hosts[0]->lose = 1;
	lease(&s, "ann", NULL, &a);
	g_assert_nonnull(a.error);
	settle(&s);
	g_assert_cmpuint(s.hosts[0]->creations, ==, 1);
	g_assert_cmpuint(s.hosts[0]->destructions, ==, 1);
	check_invariants(&s);
	outcome_clear(&a);
	stage_down(&s);
}

/* The manager ends between record and answer. Its successor finishes; the client's second try with
 * the same key gets that lease; the host has made one phone. */
static void test_restart(void)
{
	struct stage s;
	struct outcome a = {0}, b = {0};

	stage_up(&s, 0, 8, false);
	run_until(manager_knows_hosts(s.m) && manager_host(s.m, "host-1", NULL)->reachable);
	s.hosts[0]->silent = true;
	ask(&s, "ann", "key", &a);
	run_until(s.hosts[0]->creations == 1);
	g_assert_false(a.done);
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM leases WHERE ended IS NULL"), ==, 1);
	stage_restart(&s);
	g_assert_true(a.done); /* cut off */
	g_assert_error(a.error, QVMI_ERROR, QVMI_ERROR_CANCELLED);
	s.hosts[0]->silent = false;
	lease(&s, "ann", "key", &b);
	g_assert_no_error(b.error);
	g_assert_cmpuint(s.hosts[0]->creations, ==, 1);
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM leases"), ==, 1);
	settle(&s);
	check_invariants(&s);
	outcome_clear(&a);
	outcome_clear(&b);
	stage_down(&s);
}

/* The same, but the request never reached the host: the successor makes the phone, nobody asking.
 */
static void test_restart_before(void)
{
	struct stage s;
	struct outcome a = {0};

	stage_up(&s, 0, 8, false);
	run_until(manager_knows_hosts(s.m) && manager_host(s.m, "host-1", NULL)->reachable);
	ask(&s, "ann", "key", &a);
	run_until(ask_number(&s, "SELECT count(*) FROM leases") == 1);
	g_assert_cmpuint(s.hosts[0]->creations, ==, 0);
	stage_restart(&s);
	run_until(s.hosts[0]->creations == 1);
	settle(&s);
	check_invariants(&s);
	outcome_clear(&a);
	stage_down(&s);
}

/* The manager ends while a lease's end destroys the phone. */
static void test_restart_end(void)
{
	struct stage s;
	struct outcome a = {0};

	stage_up(&s, 0, 8, true);
	lease(&s, "ann", NULL, &a);
	g_assert_true(lifecycle_end_lease(s.m, a.lease, "test", "tester", NULL, NULL, NULL));
	stage_restart(&s);
	run_until(s.hosts[0]->destructions == 1);
	settle(&s);
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM phones"), ==, 0);
	check_invariants(&s);
	outcome_clear(&a);
	stage_down(&s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK); /* warnings are expected */
	g_test_add_func("/pool/allocator-failure/crashed-lease", test_crashed_lease);
	g_test_add_func("/pool/allocator-failure/away", test_away);
	g_test_add_func("/pool/allocator-failure/failed-clone", test_failed_clone);
	g_test_add_func("/pool/allocator-failure/lost-answer", test_lost_answer);
	g_test_add_func("/pool/allocator-failure/restart", test_restart);
	g_test_add_func("/pool/allocator-failure/restart-before", test_restart_before);
	g_test_add_func("/pool/allocator-failure/restart-end", test_restart_end);
	return g_test_run();
}
