/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every stage against everything that a host can say, as one table. */
#include "pool/reconcile.h"

enum kind { SPARE, LEASED, KEPT, MANUAL };
enum { GONE = -1 };

static const struct {
	enum phone_stage stage;
	enum kind kind;
	int truth; /* enum phone_state, or GONE */
	enum reconcile_action action;
} cases[] = {
    /* creating: finished, or begun again */
    {PHONE_CREATING, SPARE, GONE, RECONCILE_CREATE},
    {PHONE_CREATING, SPARE, PHONE_STATE_CREATING, RECONCILE_NOTHING},
    {PHONE_CREATING, SPARE, PHONE_STATE_RUNNING, RECONCILE_ADOPT},
    {PHONE_CREATING, SPARE, PHONE_STATE_OFF, RECONCILE_CREATE},
    {PHONE_CREATING, SPARE, PHONE_STATE_FAILED, RECONCILE_CREATE},
    {PHONE_CREATING, LEASED, GONE, RECONCILE_CREATE},
    {PHONE_CREATING, LEASED, PHONE_STATE_RUNNING, RECONCILE_ADOPT},
    /* a spare clone has to run; nobody misses it */
    {PHONE_PRESENT, SPARE, PHONE_STATE_RUNNING, RECONCILE_NOTHING},
    {PHONE_PRESENT, SPARE, PHONE_STATE_CREATING, RECONCILE_NOTHING},
    {PHONE_PRESENT, SPARE, PHONE_STATE_STOPPING, RECONCILE_NOTHING},
    {PHONE_PRESENT, SPARE, PHONE_STATE_OFF, RECONCILE_REPLACE},
    {PHONE_PRESENT, SPARE, PHONE_STATE_FAILED, RECONCILE_REPLACE},
    {PHONE_PRESENT, SPARE, GONE, RECONCILE_REPLACE},
    /* somebody's: whatever it does, it stays */
    {PHONE_PRESENT, LEASED, PHONE_STATE_RUNNING, RECONCILE_NOTHING},
    {PHONE_PRESENT, LEASED, PHONE_STATE_OFF, RECONCILE_NOTHING},
    {PHONE_PRESENT, LEASED, PHONE_STATE_FAILED, RECONCILE_NOTHING},
    {PHONE_PRESENT, LEASED, GONE, RECONCILE_LOST},
    {PHONE_PRESENT, KEPT, PHONE_STATE_OFF, RECONCILE_NOTHING},
    {PHONE_PRESENT, KEPT, PHONE_STATE_FAILED, RECONCILE_NOTHING},
    {PHONE_PRESENT, KEPT, GONE, RECONCILE_LOST},
    {PHONE_PRESENT, MANUAL, PHONE_STATE_OFF, RECONCILE_NOTHING},
    {PHONE_PRESENT, MANUAL, PHONE_STATE_FAILED, RECONCILE_NOTHING},
    {PHONE_PRESENT, MANUAL, GONE, RECONCILE_LOST},
    /* its lease has ended: off */
    {PHONE_RELEASING, KEPT, PHONE_STATE_RUNNING, RECONCILE_STOP},
    {PHONE_RELEASING, KEPT, PHONE_STATE_STOPPING, RECONCILE_NOTHING},
    {PHONE_RELEASING, KEPT, PHONE_STATE_OFF, RECONCILE_RELEASED},
    {PHONE_RELEASING, KEPT, PHONE_STATE_FAILED, RECONCILE_RELEASED},
    {PHONE_RELEASING, KEPT, GONE, RECONCILE_LOST},
    /* ordered */
    {PHONE_DESTROYING, SPARE, PHONE_STATE_RUNNING, RECONCILE_DESTROY},
    {PHONE_DESTROYING, KEPT, PHONE_STATE_OFF, RECONCILE_DESTROY},
    {PHONE_DESTROYING, KEPT, GONE, RECONCILE_DESTROY},
};

static void test_table(void)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct phone_record r = {.uuid = (char *)"u", .stage = cases[i].stage};
		struct phone_truth t = {.uuid = (char *)"u"};

		if (cases[i].kind != MANUAL)
			r.pool = (char *)"p";
		if (cases[i].kind != SPARE)
			r.owner = (char *)"ann";
		if (cases[i].kind == LEASED)
			r.lease = (char *)"l";
		if (cases[i].truth != GONE)
			t.state = (enum phone_state)cases[i].truth;
		g_test_message("case %u", i);
		g_assert_cmpint(
		    reconcile_phone(&r, cases[i].truth == GONE ? NULL : &t, HOST_ACTIVE), ==,
		    cases[i].action);
	}
}

/* What a phone reaches is what its pool says, whosever it is; one made by hand has no pool. */
static void test_network(void)
{
	static const struct {
		const char *pool, *wanted, *has;
		enum phone_state state;
		enum reconcile_action action;
	} ways[] = {
	    {"p", "office", NULL, PHONE_STATE_RUNNING, RECONCILE_CONNECT},
	    {"p", NULL, "internet", PHONE_STATE_RUNNING, RECONCILE_CONNECT},
	    {"p", "office", "office", PHONE_STATE_RUNNING, RECONCILE_NOTHING},
	    {"p", "office", NULL, PHONE_STATE_CREATING, RECONCILE_NOTHING},
	    {"p", "office", NULL, PHONE_STATE_OFF, RECONCILE_REPLACE},
	    {NULL, NULL, "internet", PHONE_STATE_RUNNING, RECONCILE_NOTHING},
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(ways); i++) {
		struct phone_record r = {.uuid = (char *)"u",
		    .pool = (char *)ways[i].pool,
		    .network = (char *)ways[i].wanted,
		    .stage = PHONE_PRESENT};
		struct phone_truth t = {
		    .uuid = (char *)"u", .network = (char *)ways[i].has, .state = ways[i].state};

		g_test_message("way %u", i);
		g_assert_cmpint(reconcile_phone(&r, &t, HOST_ACTIVE), ==, ways[i].action);
		r.owner = (char *)"ann";
		if (ways[i].action == RECONCILE_REPLACE)
			g_assert_cmpint(
			    reconcile_phone(&r, &t, HOST_ACTIVE), ==, RECONCILE_CONNECT);
	}
}

/* A hung one of the reserve is of no use; somebody's may come back. */
static void test_hung(void)
{
	struct phone_truth t = {.uuid = (char *)"u", .state = PHONE_STATE_RUNNING, .hung = true};
	struct phone_record spare = {
	    .uuid = (char *)"u", .pool = (char *)"p", .stage = PHONE_PRESENT};
	struct phone_record leased = spare;

	leased.owner = leased.lease = (char *)"ann";
	g_assert_cmpint(reconcile_phone(&spare, &t, HOST_ACTIVE), ==, RECONCILE_REPLACE);
	g_assert_cmpint(reconcile_phone(&leased, &t, HOST_ACTIVE), ==, RECONCILE_NOTHING);
}

/* Whatever a host says, only what nobody has ever held is given up without a person's word. */
static void test_nobodys_data(void)
{
	for (int i = 0; i < 3 * 3 * (PHONE_STATE_FAILED + 2); i++) {
		struct phone_record r = {.uuid = (char *)"u",
		    .pool = (char *)"p",
		    .owner = (char *)"ann",
		    .stage = (enum phone_stage)(PHONE_CREATING + i % 3)};
		int truth = GONE + i / 9;
		struct phone_truth t = {.uuid = (char *)"u"};
		enum reconcile_action action;

		if (truth != GONE)
			t.state = (enum phone_state)truth;
		action =
		    reconcile_phone(&r, truth == GONE ? NULL : &t, (enum host_duty)(i / 3 % 3));
		g_assert_cmpint(action, !=, RECONCILE_REPLACE);
		g_assert_cmpint(action, !=, RECONCILE_CLEAR);
		g_assert_cmpint(action, !=, RECONCILE_DESTROY);
	}
}

/* Where no new phones are wanted, what stands by goes; in maintenance, what runs is suspended. */
static void test_duty(void)
{
	struct phone_truth t = {.uuid = (char *)"u", .state = PHONE_STATE_RUNNING};
	struct phone_record spare = {
	    .uuid = (char *)"u", .pool = (char *)"p", .stage = PHONE_PRESENT};
	struct phone_record leased = spare, creating = spare;

	leased.owner = leased.lease = (char *)"ann";
	creating.stage = PHONE_CREATING;
	g_assert_cmpint(reconcile_phone(&spare, &t, HOST_DRAINING), ==, RECONCILE_CLEAR);
	g_assert_cmpint(reconcile_phone(&spare, NULL, HOST_MAINTENANCE), ==, RECONCILE_CLEAR);
	g_assert_cmpint(reconcile_phone(&creating, NULL, HOST_DRAINING), ==, RECONCILE_CLEAR);
	g_assert_cmpint(reconcile_phone(&leased, &t, HOST_DRAINING), ==, RECONCILE_NOTHING);
	g_assert_cmpint(reconcile_phone(&leased, &t, HOST_MAINTENANCE), ==, RECONCILE_SUSPEND);
	t.hung = true;
	g_assert_cmpint(reconcile_phone(&leased, &t, HOST_MAINTENANCE), ==, RECONCILE_NOTHING);
	t = (struct phone_truth){.uuid = (char *)"u", .state = PHONE_STATE_SUSPENDED};
	g_assert_cmpint(reconcile_phone(&leased, &t, HOST_MAINTENANCE), ==, RECONCILE_NOTHING);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pool/reconcile/table", test_table);
	g_test_add_func("/pool/reconcile/network", test_network);
	g_test_add_func("/pool/reconcile/hung", test_hung);
	g_test_add_func("/pool/reconcile/duty", test_duty);
	g_test_add_func("/pool/reconcile/nobodys-data", test_nobodys_data);
	return g_test_run();
}
