/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a pool's phones may reach: told to hosts with each clone, and again when it changes. */
#include "pool/name.h"
#include "tests/pool/outcome.h"

static void set_network(struct stage *s, const char *network)
{
	struct pool_record pool = {.name = (char *)"p",
	    .template = (char *)"phone",
	    .ready = 1,
	    .max = 8,
	    .network = (char *)network,
	    .rule = (char *)"allocate"};

	g_assert_true(pool_record_save(s->m->db, &pool, NULL));
	worker_soon(s->m);
}

/* All of the host's phones have this policy. */
static bool all_have(struct stage *s, unsigned count, const char *network)
{
	GHashTableIter iter;
	gpointer p;

	if (g_hash_table_size(s->hosts[0]->phones) != count)
		return false;
	g_hash_table_iter_init(&iter, s->hosts[0]->phones);
	while (g_hash_table_iter_next(&iter, NULL, &p))
		if (g_strcmp0(((struct simulated_phone *)p)->network, network) != 0)
			return false;
	return true;
}

static void test_changes(void)
{
	struct stage s;
	struct outcome ann = {0};

	stage_up(&s, 1, 8, false);
	set_network(&s, "office");
	run_until(ready_phones(&s) == 1 && all_have(&s, 1, "office"));
	lease(&s, "ann", NULL, &ann);
	g_assert_no_error(ann.error);
	run_until(ready_phones(&s) == 1 && all_have(&s, 2, "office"));
	set_network(&s, "internet,lab");
	run_until(all_have(&s, 2, "internet,lab"));
	set_network(&s, NULL);
	run_until(all_have(&s, 2, NULL));
	check_invariants(&s);
	outcome_clear(&ann);
	stage_down(&s);
}

/* A clone that reaches more than its pool's phones may is given to nobody. */
static void test_refused(void)
{
	struct stage s;
	struct outcome ann = {0};

	stage_up(&s, 1, 8, false);
	run_until(ready_phones(&s) == 1);
	s.hosts[0]->no_networks = true;
	set_network(&s, "none");
	lease(&s, "ann", NULL, &ann);
	g_assert_error(ann.error, QVMI_ERROR, QVMI_ERROR_INVALID);
	s.hosts[0]->no_networks = false;
	lease(&s, "ann", NULL, &ann);
	g_assert_no_error(ann.error);
	run_until(all_have(&s, 2, "none"));
	outcome_clear(&ann);
	stage_down(&s);
}

static void test_text(void)
{
	static const char *const wrong[] = {
	    "", "none,internet", "Office", "a b", "a,,b", "a;b", "../x"};

	for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;

		g_assert_null(name_network(wrong[i], &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	}
	g_autofree char *same = name_network("office, internet,office", NULL);
	g_assert_cmpstr(same, ==, "internet,office");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pool/network/changes", test_changes);
	g_test_add_func("/pool/network/refused", test_refused);
	g_test_add_func("/pool/network/text", test_text);
	return g_test_run();
}
