/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users' volumes: whose they are, that they outlive phones, and are never with two of them. */
#include "pool/record_volume.h"
#include "pool/volume_claim.h"
#include "tests/pool/outcome.h"

static void stage_volumes(struct stage *s, bool volatile_phones)
{
	struct pool_record pool = {.name = (char *)"p",
	    .template = (char *)"phone",
	    .max = 8,
	    .volatile_phones = volatile_phones,
	    .volumes = true,
	    .rule = (char *)"allocate"};

	g_assert_true(pool_record_save(s->m->db, &pool, NULL));
}

static struct volume_record *volume_of(struct stage *s, const char *user)
{
	g_autoptr(GError) error = NULL;
	struct volume_record *volume = volume_record_find(s->m->db, user, "p", "default", &error);

	g_assert_no_error(error);
	return volume;
}

static void check_holder(struct stage *s, unsigned host, const char *user, const char *phone)
{
	AUTO(volume_record) volume = volume_of(s, user);

	g_assert_nonnull(volume);
	g_assert_cmpstr(g_hash_table_lookup(s->hosts[host]->volumes, volume->id), ==, phone);
	g_assert_cmpstr(volume->phone, ==, *phone ? phone : NULL);
}

/* The phone goes with the lease, the volume stays, and the next phone has it at once. */
static void test_outlives(void)
{
	struct stage s;
	struct outcome a = {0}, b = {0};
	bool gone = false;

	stage_up(&s, 0, 8, true);
	stage_volumes(&s, true);
	lease(&s, "ann", NULL, &a);
	g_assert_no_error(a.error);
	check_holder(&s, 0, "ann", a.phone);
	lease(&s, "bob", NULL, &b);
	check_holder(&s, 0, "bob", b.phone);
	g_assert_cmpuint(g_hash_table_size(s.hosts[0]->volumes), ==, 2);
	AUTO(volume_record) first = volume_of(&s, "ann");
	g_assert_true(lifecycle_end_lease(s.m, a.lease, "test", "tester", worked, &gone, NULL));
	/* While its phone is still being destroyed. */
	lease(&s, "ann", NULL, &b);
	g_assert_no_error(b.error);
	g_assert_cmpstr(b.phone, !=, a.phone);
	check_holder(&s, 0, "ann", b.phone);
	AUTO(volume_record) second = volume_of(&s, "ann");
	g_assert_cmpstr(first->id, ==, second->id);
	g_assert_cmpuint(g_hash_table_size(s.hosts[0]->volumes), ==, 2);
	run_until(gone);
	outcome_clear(&a);
	outcome_clear(&b);
	stage_down(&s);
}

static bool volume_on(struct stage *s, const char *user, const char *host)
{
	AUTO(volume_record) volume = volume_of(s, user);

	return g_str_equal(volume->host, host);
}

/* It goes where its phone goes, and is recorded there from the same moment on. */
static void test_moves_along(void)
{
	struct stage s;
	struct outcome a = {0};

	stage_up(&s, 0, 8, false);
	stage_volumes(&s, false);
	lease(&s, "ann", NULL, &a);
	g_assert_no_error(a.error);
	stage_host(&s, "host-2");
	run_until(manager_reachable_hosts(s.m) == 2);
	g_assert_true(phone_record_set_moving(s.m->db, a.phone, "host-2", NULL));
	g_assert_true(volume_on(&s, "ann", "host-1"));
	g_hash_table_remove(s.hosts[0]->phones, a.phone);
	simulated_host_add(s.hosts[1], a.phone, a.phone)->state = "running";
	stage_restart(&s);
	run_until(volume_on(&s, "ann", "host-2"));
	AUTO(phone_record) r = phone_record_get(s.m->db, a.phone, NULL);
	g_assert_cmpstr(r->host, ==, "host-2");
	check_invariants(&s);
	outcome_clear(&a);
	stage_down(&s);
}

/* By itself it goes nowhere: its user gets a phone on its host, or none. */
static void test_one_host(void)
{
	struct stage s;
	struct outcome a = {0};
	bool gone = false;

	stage_up(&s, 0, 8, true);
	stage_volumes(&s, true);
	lease(&s, "ann", NULL, &a);
	g_assert_true(lifecycle_end_lease(s.m, a.lease, "test", "tester", worked, &gone, NULL));
	run_until(gone);
	stage_host(&s, "host-2");
	run_until(manager_knows_hosts(s.m));
	for (unsigned i = 0; i < 3; i++) {
		gone = false;
		lease(&s, "ann", NULL, &a);
		g_assert_no_error(a.error);
		check_holder(&s, 0, "ann", a.phone);
		g_assert_true(
		    lifecycle_end_lease(s.m, a.lease, "test", "tester", worked, &gone, NULL));
		run_until(gone);
	}
	s.hosts[0]->no_template = true;
	run_until(!host_can_clone(
	    manager_host(s.m, "host-1", NULL), "phone", world_monotonic(&s.m->world)));
	lease(&s, "ann", NULL, &a);
	g_assert_error(a.error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	lease(&s, "bob", NULL, &a); /* who has none yet */
	g_assert_no_error(a.error);
	check_holder(&s, 1, "bob", a.phone);
	outcome_clear(&a);
	stage_down(&s);
}

/* With a host that is gone for good, by order: its users get others. */
static void test_host_removed(void)
{
	struct stage s;
	struct outcome a = {0}, b = {0};
	g_autoptr(GError) error = NULL;

	stage_up(&s, 0, 8, false);
	stage_volumes(&s, false);
	lease(&s, "ann", NULL, &a);
	g_assert_no_error(a.error);
	AUTO(volume_record) first = volume_of(&s, "ann");
	stage_host(&s, "host-2");
	run_until(manager_reachable_hosts(s.m) == 2);
	s.hosts[0]->away = true;
	g_assert_false(manager_remove_host(s.m, "host-1", false, "tester", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_assert_true(manager_remove_host(s.m, "host-1", true, "tester", NULL));
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM orders WHERE what = 'forget'"), ==, 2);
	lease(&s, "ann", NULL, &b);
	g_assert_no_error(b.error);
	AUTO(volume_record) second = volume_of(&s, "ann");
	g_assert_cmpstr(second->host, ==, "host-2");
	g_assert_cmpstr(second->id, !=, first->id);
	outcome_clear(&a);
	outcome_clear(&b);
	stage_down(&s);
}

/* One that the host has lost is not replaced by an empty one. */
static void test_lost(void)
{
	struct stage s;
	struct outcome a = {0};

	stage_up(&s, 0, 8, false);
	stage_volumes(&s, false);
	lease(&s, "ann", NULL, &a);
	g_assert_no_error(a.error);
	g_hash_table_remove_all(s.hosts[0]->volumes);
	lease(&s, "ann", NULL, &a);
	g_assert_error(a.error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_assert_cmpuint(g_hash_table_size(s.hosts[0]->volumes), ==, 0);
	outcome_clear(&a);
	stage_down(&s);
}

static void check_claim(struct stage *s, const char *phone, int code)
{
	g_autoptr(GError) error = NULL;
	AUTO(volume_record) volume = NULL;

	g_assert_false(volume_claim(s->m, "ann", "p", "default", phone, &volume, &error));
	g_assert_error(error, QVMI_ERROR, code);
	g_assert_null(volume);
}

static void test_one_phone(void)
{
	struct stage s;
	struct outcome a = {0}, b = {0};

	stage_up(&s, 0, 8, false);
	stage_volumes(&s, false);
	lease(&s, "ann", NULL, &a);
	lease(&s, "bob", NULL, &b);
	check_claim(&s, b.phone, QVMI_ERROR_CONFLICT);
	check_claim(&s, "01234567-89ab-4cde-8f01-23456789abcd", QVMI_ERROR_NOT_FOUND);
	check_holder(&s, 0, "ann", a.phone);
	g_assert_true(phone_record_set_stage(s.m->db, a.phone, PHONE_DESTROYING, NULL));
	check_claim(&s, b.phone, QVMI_ERROR_UNAVAILABLE);
	outcome_clear(&a);
	outcome_clear(&b);
	stage_down(&s);
}

static void test_order(void)
{
	struct stage s;
	struct outcome a = {0};

	stage_up(&s, 0, 8, false);
	stage_volumes(&s, false);
	lease(&s, "ann", NULL, &a);
	AUTO(volume_record) volume = volume_of(&s, "ann");
	g_assert_true(volume_order_end(s.m, volume, "test", "tester", NULL));
	g_assert_true(volume_order_end(s.m, volume, "test", "tester", NULL));
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM orders WHERE done IS NULL"), ==, 1);
	g_assert_true(volume_ended(s.m, volume->id, NULL));
	g_assert_cmpint(ask_number(&s, "SELECT count(*) FROM orders WHERE done IS NULL"), ==, 0);
	g_assert_null(volume_of(&s, "ann"));
	outcome_clear(&a);
	stage_down(&s);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pool/volume/outlives", test_outlives);
	g_test_add_func("/pool/volume/moves-along", test_moves_along);
	g_test_add_func("/pool/volume/one-host", test_one_host);
	g_test_add_func("/pool/volume/host-removed", test_host_removed);
	g_test_add_func("/pool/volume/lost", test_lost);
	g_test_add_func("/pool/volume/one-phone", test_one_phone);
	g_test_add_func("/pool/volume/order", test_order);
	return g_test_run();
}
