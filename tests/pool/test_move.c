/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a phone is that was on its way when its poold was killed: by what both hosts say. */
#include "pool/move.h"
#include "tests/pool/outcome.h"

/* Ann has a phone on host-1, and there is a host-2. */
static void stage_ann(struct stage *s, struct outcome *ann)
{
	stage_up(s, 0, 8, false);
	lease(s, "ann", NULL, ann);
	g_assert_no_error(ann->error);
	stage_host(s, "host-2");
	run_until(manager_reachable_hosts(s->m) == 2);
}

static void set_moving(struct stage *s, const char *uuid)
{
	g_autoptr(GError) error = NULL;

	phone_record_set_moving(s->m->db, uuid, "host-2", &error);
	g_assert_no_error(error);
}

/* "host-1" or, on its way, "host-1>host-2". */
static bool recorded(struct stage *s, const char *uuid, const char *where)
{
	AUTO(phone_record) r = phone_record_get(s->m->db, uuid, NULL);
	g_autofree char *text = g_strconcat(r->host, r->moving_to ? ">" : NULL, r->moving_to, NULL);

	return g_str_equal(text, where);
}

static void take_along(struct stage *s, const char *uuid, const char *state)
{
	g_hash_table_remove(s->hosts[0]->phones, uuid);
	simulated_host_add(s->hosts[1], uuid, uuid)->state = state;
}

static void test_there(void)
{
	struct outcome ann = {0}, again = {0};
	struct stage s;

	stage_ann(&s, &ann);
	set_moving(&s, ann.phone);
	take_along(&s, ann.phone, "running");
	stage_restart(&s);
	run_until(recorded(&s, ann.phone, "host-2"));
	lease(&s, "ann", NULL, &again);
	g_assert_no_error(again.error);
	g_assert_cmpstr(again.phone, ==, ann.phone);
	check_invariants(&s);
	outcome_clear(&ann);
	outcome_clear(&again);
	stage_down(&s);
}

static void test_stayed(void)
{
	struct outcome ann = {0};
	struct stage s;

	stage_ann(&s, &ann);
	set_moving(&s, ann.phone);
	stage_restart(&s);
	run_until(recorded(&s, ann.phone, "host-1"));
	check_invariants(&s);
	outcome_clear(&ann);
	stage_down(&s);
}

/* Handed over by one, not taken yet by the other; and the first is away when it is. */
static void test_nobody_knows(void)
{
	struct outcome ann = {0};
	struct stage s;

	stage_ann(&s, &ann);
	set_moving(&s, ann.phone);
	take_along(&s, ann.phone, "creating");
	stage_restart(&s);
	run_for(100);
	g_assert_true(recorded(&s, ann.phone, "host-1>host-2"));
	s.hosts[0]->away = true;
	((struct simulated_phone *)g_hash_table_lookup(s.hosts[1]->phones, ann.phone))->state =
	    "running";
	run_until(recorded(&s, ann.phone, "host-2"));
	s.hosts[0]->away = false;
	check_invariants(&s);
	outcome_clear(&ann);
	stage_down(&s);
}

static void test_refused(void)
{
	struct outcome ann = {0};
	struct stage s;
	g_autoptr(GError) error = NULL;

	stage_ann(&s, &ann);
	g_assert_false(move_order(s.m, ann.phone, "host-1", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_clear_error(&error);
	g_assert_false(move_order(s.m, ann.phone, "host-3", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_clear_error(&error);
	/* A simulated host expects nobody. */
	g_assert_true(move_order(s.m, ann.phone, NULL, &error));
	g_assert_true(move_order(s.m, ann.phone, "host-2", &error));
	g_assert_true(recorded(&s, ann.phone, "host-1>host-2"));
	run_until(recorded(&s, ann.phone, "host-1"));
	g_assert_cmpstr(move_of(s.m, ann.phone)->state, ==, "failed");
	g_assert_nonnull(move_of(s.m, ann.phone)->problem);
	check_invariants(&s);
	outcome_clear(&ann);
	stage_down(&s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK); /* warnings are expected */
	g_test_add_func("/move/there", test_there);
	g_test_add_func("/move/stayed", test_stayed);
	g_test_add_func("/move/nobody-knows", test_nobody_knows);
	g_test_add_func("/move/refused", test_refused);
	return g_test_run();
}
