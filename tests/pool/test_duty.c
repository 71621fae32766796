/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts that are drained or in maintenance, and such as register again. */
#include "tests/pool/outcome.h"

static unsigned phones_on(struct stage *s, unsigned host)
{
	return g_hash_table_size(s->hosts[host]->phones);
}

static void set_duty(struct stage *s, const char *host, enum host_duty duty)
{
	g_autoptr(GError) error = NULL;

	manager_set_duty(s->m, host, duty, &error);
	g_assert_no_error(error);
}

static struct simulated_phone *phone_on(struct stage *s, unsigned host, const char *uuid)
{
	return g_hash_table_lookup(s->hosts[host]->phones, uuid);
}

/* Ann has a phone on host-1, beside one that stands by. */
static void stage_ann(struct stage *s, struct outcome *ann)
{
	stage_up(s, 1, 8, false);
	run_until(ready_phones(s) == 1);
	lease(s, "ann", NULL, ann);
	g_assert_no_error(ann->error);
	run_until(ready_phones(s) == 1);
	g_assert_cmpuint(phones_on(s, 0), ==, 2);
}

/* What stands by moves, what is somebody's stays, also across a restart. */
static void test_draining(void)
{
	struct outcome ann = {0};
	struct stage s;

	stage_ann(&s, &ann);
	set_duty(&s, "host-1", HOST_DRAINING);
	stage_restart(&s);
	g_assert_cmpint(manager_host(s.m, "host-1", NULL)->record->duty, ==, HOST_DRAINING);
	stage_host(&s, "host-2");
	run_until(phones_on(&s, 0) == 1 && phones_on(&s, 1) == 1 && ready_phones(&s) == 1);
	g_assert_nonnull(phone_on(&s, 0, ann.phone));
	g_assert_cmpstr(phone_on(&s, 0, ann.phone)->state, ==, "running");
	run_for(50);
	check_invariants(&s);
	outcome_clear(&ann);
	stage_down(&s);
}

/* Suspended, kept, refused in words; as it was when the host is back. */
static void test_maintenance(void)
{
	struct outcome ann = {0}, again = {0};
	struct stage s;

	stage_ann(&s, &ann);
	set_duty(&s, "host-1", HOST_MAINTENANCE);
	run_until(
	    phones_on(&s, 0) == 1 && g_str_equal(phone_on(&s, 0, ann.phone)->state, "suspended"));
	lease(&s, "ann", NULL, &again);
	g_assert_error(again.error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	g_assert_nonnull(strstr(again.error->message, "in maintenance; the phone is kept"));
	set_duty(&s, "host-1", HOST_ACTIVE);
	lease(&s, "ann", NULL, &again);
	g_assert_no_error(again.error);
	g_assert_cmpstr(again.phone, ==, ann.phone);
	g_assert_cmpstr(phone_on(&s, 0, ann.phone)->state, ==, "running");
	run_until(ready_phones(&s) == 1);
	check_invariants(&s);
	outcome_clear(&ann);
	outcome_clear(&again);
	stage_down(&s);
}

/* A host says where it is as often as it likes: its duty and what is known of it stay. */
static void test_registers_again(void)
{
	struct stage s;
	struct host *before;

	stage_up(&s, 1, 8, false);
	run_until(ready_phones(&s) == 1);
	set_duty(&s, "host-1", HOST_DRAINING);
	before = manager_host(s.m, "host-1", NULL);
	stage_host(&s, "host-1");
	g_assert_true(manager_host(s.m, "host-1", NULL) == before);
	g_assert_cmpint(before->record->duty, ==, HOST_DRAINING);
	run_until(phones_on(&s, 0) == 0);
	check_invariants(&s);
	stage_down(&s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pool/duty/draining", test_draining);
	g_test_add_func("/pool/duty/maintenance", test_maintenance);
	g_test_add_func("/pool/duty/registers-again", test_registers_again);
	return g_test_run();
}
