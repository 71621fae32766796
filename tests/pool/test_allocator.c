/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Leases against a simulated host: who gets what, races, keys, ends. Decisions are the built-in
 * ones; test_decision compares them with the scripts. */
#include "tests/pool/outcome.h"

/* A ready clone is there; it is taken, and the reserve filled again. */
static void test_ready(void)
{
	struct stage s;
	struct outcome a = {0}, again = {0};

	stage_up(&s, 2, 8, false);
	run_until(ready_phones(&s) == 2);
	lease(&s, "ann", NULL, &a);
	g_assert_no_error(a.error);
	g_assert_true(a.fresh);
	run_until(ready_phones(&s) == 2);
	g_assert_cmpuint(s.hosts[0]->creations, ==, 3);
	/* The same lease again, and nothing else happens. */
	lease(&s, "ann", NULL, &again);
	g_assert_false(again.fresh);
	g_assert_cmpstr(again.lease, ==, a.lease);
	g_assert_cmpstr(again.phone, ==, a.phone);
	run_for(100);
	g_assert_cmpuint(s.hosts[0]->creations, ==, 3);
	check_invariants(&s);
	outcome_clear(&a);
	outcome_clear(&again);
	stage_down(&s);
}

/* None is ready: one is cloned for the request. */
static void test_clone(void)
{
	struct stage s;
	struct outcome a = {0};

	stage_up(&s, 0, 8, false);
	lease(&s, "ann", NULL, &a);
	g_assert_no_error(a.error);
	g_assert_cmpuint(s.hosts[0]->creations, ==, 1);
	g_assert_nonnull(g_hash_table_lookup(s.hosts[0]->phones, a.phone));
	check_invariants(&s);
	outcome_clear(&a);
	stage_down(&s);
}

/* Many at once, fewer ready than they: no phone twice, nobody without, never above max. */
static void test_race(void)
{
	struct stage s;
	struct outcome all[10] = {0};
	g_autoptr(GHashTable) phones = g_hash_table_new(g_str_hash, g_str_equal);
	unsigned refused = 0;

	stage_up(&s, 3, 8, false);
	run_until(ready_phones(&s) == 3);
	for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
		g_autofree char *user = g_strdup_printf("user-%u", i);

		ask(&s, user, NULL, &all[i]);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
		run_until(all[i].done);
		if (all[i].error) {
			g_assert_error(all[i].error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED);
			refused++;
		} else {
			g_assert_true(g_hash_table_add(phones, all[i].phone));
		}
	}
	/* The race for three may tire a loser out, but never wastes what is there. */
	g_assert_cmpuint(g_hash_table_size(phones), ==, 8);
	g_assert_cmpuint(refused, ==, 2);
	settle(&s);
	g_assert_cmpuint(g_hash_table_size(s.hosts[0]->phones), ==, 8);
	check_invariants(&s);
	for (unsigned i = 0; i < G_N_ELEMENTS(all); i++)
		outcome_clear(&all[i]);
	stage_down(&s);
}

/* One person asks twice at once, from two terminals: one phone. */
static void test_same_slot(void)
{
	struct stage s;
	struct outcome a = {0}, b = {0};

	stage_up(&s, 0, 8, false);
	ask(&s, "ann", "key-a", &a);
	ask(&s, "ann", "key-b", &b);
	run_until(a.done && b.done);
	g_assert_no_error(a.error);
	g_assert_no_error(b.error);
	g_assert_cmpstr(a.lease, ==, b.lease);
	g_assert_true(a.fresh);
	g_assert_false(b.fresh);
	g_assert_cmpuint(s.hosts[0]->creations, ==, 1);
	outcome_clear(&a);
	outcome_clear(&b);
	stage_down(&s);
}

/* I3: a key leads to one lease for ever, also when that has ended; with another request it is
 * refused. */
static void test_key(void)
{
	struct stage s;
	struct outcome a = {0}, b = {0};
	g_autofree char *first = NULL;
	bool gone = false;

	stage_up(&s, 1, 8, true);
	lease(&s, "ann", "key", &a);
	first = g_strdup(a.lease);
	lease(&s, "ann", "key", &b);
	g_assert_cmpstr(b.lease, ==, first);
	lease(&s, "bob", "key", &b);
	g_assert_error(b.error, QVMI_ERROR, QVMI_ERROR_INVALID);
	lease(&s, "bob", "key with blank", &b);
	g_assert_error(b.error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_assert_true(lifecycle_end_lease(s.m, first, "test", "tester", worked, &gone, NULL));
	run_until(gone);
	lease(&s, "ann", "key", &b);
	g_assert_no_error(b.error);
	g_assert_cmpstr(b.lease, ==, first);
	g_assert_true(b.ended);
	stage_restart(&s);
	lease(&s, "ann", "key", &b);
	g_assert_cmpstr(b.lease, ==, first);
	lease(&s, "ann", "other", &b);
	g_assert_cmpstr(b.lease, !=, first);
	settle(&s);
	check_invariants(&s);
	outcome_clear(&a);
	outcome_clear(&b);
	stage_down(&s);
}

/* Two at once with one key and two wishes: one gets a phone, the other a refusal. */
static void test_key_race(void)
{
	struct stage s;
	struct outcome a = {0}, b = {0}, *loser;

	stage_up(&s, 0, 8, false);
	ask(&s, "ann", "key", &a);
	ask(&s, "bob", "key", &b);
	run_until(a.done && b.done);
	g_assert_true(!a.error != !b.error);
	loser = a.error ? &a : &b;
	g_assert_error(loser->error, QVMI_ERROR, QVMI_ERROR_INVALID);
	outcome_clear(&a);
	outcome_clear(&b);
	stage_down(&s);
}

/* A volatile pool's phone goes with the lease, with an order; a kept one is switched off and comes
 * back to its owner only. */
static void test_end(void)
{
	struct stage s;
	struct outcome a = {0}, b = {0};
	bool gone = false, off = false;

	stage_up(&s, 0, 8, true);
	lease(&s, "ann", NULL, &a);
	g_assert_true(lifecycle_end_lease(s.m, a.lease, "test", "tester", worked, &gone, NULL));
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM orders WHERE done IS NULL"), ==, 1);
	run_until(gone);
	g_assert_cmpuint(g_hash_table_size(s.hosts[0]->phones), ==, 0);
	check_invariants(&s);

	stage_pool(&s, 0, 8, false);
	lease(&s, "ann", NULL, &a);
	g_assert_true(lifecycle_end_lease(s.m, a.lease, "test", "tester", worked, &off, NULL));
	run_until(off);
	run_until(ask_number(&s, "SELECT count(*) FROM phones WHERE stage = 'present'") == 1);
	g_assert_cmpuint(s.hosts[0]->stops, ==, 1);
	lease(&s, "bob", NULL, &b);
	g_assert_cmpstr(b.phone, !=, a.phone);
	lease(&s, "ann", NULL, &b);
	g_assert_cmpstr(b.phone, ==, a.phone);
	g_assert_cmpstr(b.lease, !=, a.lease);
	g_assert_cmpuint(s.hosts[0]->starts, ==, 1);
	g_assert_false(
	    lifecycle_end_lease(s.m, a.lease, "test", "tester", NULL, NULL, NULL)); /* twice */
	outcome_clear(&a);
	outcome_clear(&b);
	stage_down(&s);
}

/* What hosts say is waited for: right after the start nothing is known yet. */
static void test_waits_for_hosts(void)
{
	struct stage s;
	struct outcome a = {0};

	stage_up(&s, 1, 2, false);
	g_assert_false(manager_knows_hosts(s.m));
	lease(&s, "ann", NULL, &a);
	g_assert_no_error(a.error);
	lease(&s, "ann", NULL, &a);
	lease(&s, "bob", NULL, &a);
	g_assert_no_error(a.error);
	lease(&s, "eve", NULL, &a);
	g_assert_error(a.error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED);
	g_assert_nonnull(strstr(a.error->message, "at most 2"));
	outcome_clear(&a);
	stage_down(&s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK); /* warnings are expected */
	g_test_add_func("/pool/allocator/ready", test_ready);
	g_test_add_func("/pool/allocator/clone", test_clone);
	g_test_add_func("/pool/allocator/race", test_race);
	g_test_add_func("/pool/allocator/same-slot", test_same_slot);
	g_test_add_func("/pool/allocator/key", test_key);
	g_test_add_func("/pool/allocator/key-race", test_key_race);
	g_test_add_func("/pool/allocator/end", test_end);
	g_test_add_func("/pool/allocator/waits-for-hosts", test_waits_for_hosts);
	return g_test_run();
}
