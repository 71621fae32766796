/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/launch_users.h"

#include <glib.h>
#include <unistd.h>

#define NOBODYS 900000000

static void test_free(void)
{
	const struct launch_users few = {.first = NOBODYS, .count = 3};
	const struct launch_users many = {.first = NOBODYS, .count = 2 * LAUNCH_BLOCK + 10};
	uid_t uid;
	g_assert_true(launch_users_find(&few, &uid));
	g_assert_cmpuint(uid, ==, NOBODYS);
	g_assert_false(launch_users_find_block(&few, &uid));
	/* The first of a block is kept for those who take it as a whole, the last one first. */
	g_assert_true(launch_users_find(&many, &uid));
	g_assert_cmpuint(uid, ==, NOBODYS + 1);
	g_assert_true(launch_users_find_block(&many, &uid));
	g_assert_cmpuint(uid, ==, NOBODYS + LAUNCH_BLOCK);
}

/* Our own user is one who has a process, this one. */
static void test_taken(void)
{
	const struct launch_users single = {.first = getuid(), .count = 1};
	const struct launch_users block = {.first = getuid(), .count = LAUNCH_BLOCK};
	const struct launch_users second = {
	    .first = getuid() - LAUNCH_BLOCK, .count = 2 * LAUNCH_BLOCK};
	uid_t uid;
	g_assert_false(launch_users_find(&single, &uid));
	g_assert_false(launch_users_find(&block, &uid));
	g_assert_false(launch_users_find_block(&block, &uid));
	if (getuid() < LAUNCH_BLOCK)
		return;
	g_assert_true(launch_users_find(&second, &uid));
	g_assert_cmpuint(uid, <, getuid());
}

static void test_who(void)
{
	const struct launch_users users = {.first = 10, .count = 5};
	uid_t outside;
	g_assert_true(launch_users_have(&users, 10) && launch_users_have(&users, 14));
	g_assert_false(launch_users_have(&users, 9) || launch_users_have(&users, 15));
	g_assert_cmpuint(launch_users_of(getpid()), ==, getuid());
	g_assert_cmpuint(launch_users_of(-1), ==, (uid_t)-1);
	/* Where we are everybody is who he is. */
	g_assert_true(launch_users_translate(getpid(), getuid(), &outside));
	g_assert_false(launch_users_translate(-1, 0, &outside));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/launch-users/free", test_free);
	g_test_add_func("/launch-users/taken", test_taken);
	g_test_add_func("/launch-users/who", test_who);
	return g_test_run();
}
