/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/password_worker.h"
#include "common/error.h"

struct outcome {
	unsigned calls, matches, cancelled;
	char *renewed, *encoded;
	GThread *thread;
};

static void verified(bool matches, const char *renewed, const GError *error, void *data)
{
	struct outcome *outcome = data;
	outcome->calls++;
	outcome->matches += matches;
	outcome->cancelled += g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED);
	outcome->renewed = g_strdup(renewed);
	outcome->thread = g_thread_self();
}

static void hashed(const char *encoded, const GError *error, void *data)
{
	struct outcome *outcome = data;
	g_assert_no_error(error);
	outcome->calls++;
	outcome->encoded = g_strdup(encoded);
}

static struct password_worker *worker_new(uint32_t memory_kib, unsigned threads, unsigned queue)
{
	GError *error = NULL;
	struct password_cost cost = {.memory_kib = memory_kib, .passes = 1};
	struct password_worker *worker = password_worker_new(&cost, threads, queue, &error);
	g_assert_no_error(error);
	return worker;
}

static void wait_for(const struct outcome *outcome, unsigned calls)
{
	while (outcome->calls < calls)
		g_main_context_iteration(NULL, TRUE);
}

static void test_hash_and_verify(void)
{
	AUTO(password_worker) worker = worker_new(1024, 1, 4);
	struct outcome made = {0}, right = {0}, wrong = {0};
	g_assert_true(password_worker_hash(worker, "password", hashed, &made, NULL));
	wait_for(&made, 1);
	g_assert_true(
	    password_worker_verify(worker, made.encoded, "password", verified, &right, NULL));
	g_assert_true(
	    password_worker_verify(worker, made.encoded, "Password", verified, &wrong, NULL));
	wait_for(&right, 1);
	wait_for(&wrong, 1);
	g_assert_cmpuint(right.matches, ==, 1);
	g_assert_null(right.renewed);
	g_assert_true(right.thread == g_thread_self()); /* called in the main thread */
	g_assert_cmpuint(wrong.matches, ==, 0);
	g_free(made.encoded);
}

/* Nobody's password is wrong, even the decoy's own, and costs a whole computation. */
static void test_unknown_user(void)
{
	AUTO(password_worker) worker = worker_new(1024, 1, 4);
	struct outcome outcome = {0};
	uint64_t before = password_worker_computed(worker);
	g_assert_true(password_worker_verify(
	    worker, NULL, "a password that nobody has", verified, &outcome, NULL));
	wait_for(&outcome, 1);
	g_assert_cmpuint(outcome.matches, ==, 0);
	g_assert_cmpuint(password_worker_computed(worker), ==, before + 1);
}

static void test_renews_old_cost(void)
{
	AUTO(password_worker) worker = worker_new(2048, 1, 4);
	struct password_cost older = {.memory_kib = 1024, .passes = 1};
	g_autofree char *encoded = password_hash("password", &older, NULL);
	struct outcome right = {0}, wrong = {0};
	g_assert_true(password_worker_verify(worker, encoded, "password", verified, &right, NULL));
	g_assert_true(password_worker_verify(worker, encoded, "passwort", verified, &wrong, NULL));
	wait_for(&right, 1);
	wait_for(&wrong, 1);
	g_assert_nonnull(right.renewed);
	g_assert_true(g_str_has_prefix(right.renewed, "$argon2id$v=19$m=2048,"));
	g_assert_null(wrong.renewed);
	g_free(right.renewed);
}

static void test_queue_is_bounded(void)
{
	AUTO(password_worker) worker = worker_new(8192, 1, 2);
	struct outcome outcome = {0};
	g_autoptr(GError) error = NULL;
	for (unsigned i = 0; i < 3; i++)
		g_assert_true(
		    password_worker_verify(worker, NULL, "password", verified, &outcome, NULL));
	g_assert_false(
	    password_worker_verify(worker, NULL, "password", verified, &outcome, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	wait_for(&outcome, 3);
	g_assert_true(password_worker_verify(worker, NULL, "password", verified, &outcome, NULL));
	wait_for(&outcome, 4);
}

static void test_free_answers_everybody(void)
{
	struct password_worker *worker = worker_new(8192, 1, 8);
	struct outcome outcome = {0};
	for (unsigned i = 0; i < 6; i++)
		g_assert_true(
		    password_worker_verify(worker, NULL, "password", verified, &outcome, NULL));
	password_worker_free(worker);
	g_assert_cmpuint(outcome.calls, ==, 6);
	g_assert_cmpuint(outcome.cancelled, ==, 6);
	while (g_main_context_iteration(NULL, FALSE))
		continue;
	g_assert_cmpuint(outcome.calls, ==, 6);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/password-worker/hash-and-verify", test_hash_and_verify);
	g_test_add_func("/password-worker/unknown-user", test_unknown_user);
	g_test_add_func("/password-worker/renews-old-cost", test_renews_old_cost);
	g_test_add_func("/password-worker/queue-is-bounded", test_queue_is_bounded);
	g_test_add_func("/password-worker/free-answers-everybody", test_free_answers_everybody);
	return g_test_run();
}
