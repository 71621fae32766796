/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of rules are checked against what was asked; the built-in answers are those of the
 * scripts that ship, told apart by random questions to the real child. */
#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "pool/decision.h"
#include "pool/rule_child.h"

static struct pool_record pool = {
    .name = (char *)"p", .template = (char *)"t", .ready = 2, .max = 4, .rule = (char *)"allocate"};
static struct choice_phone phones[] = {
    {"a", "h", "running", true, false, 5},
    {"b", "h", "creating", false, false, 1},
};
static struct choice_host hosts[] = {{"h", 3, 100, 2}, {"i", 1, 100, 1}};

static struct allocate_question question(int total)
{
	return (struct allocate_question){"ann", "default", &pool, total, phones, 2, hosts, 2};
}

static void check_allocate(int total, const char *result, int kind, const char *subject)
{
	struct allocate_question q = question(total);
	struct allocate_answer answer = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) node = json_parse_object(result, -1, &error);

	g_assert_no_error(error);
	if (allocate_answer_parse(json_node_get_object(node), &q, &answer, &error)) {
		g_assert_cmpint(answer.kind, ==, kind);
		g_assert_cmpstr(answer.subject, ==, subject);
	} else {
		g_assert_null(subject);
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
		g_assert_null(answer.subject);
	}
	allocate_answer_clear(&answer);
}

static void test_allocate(void)
{
	check_allocate(2, "{\"phone\":\"a\"}", ALLOCATE_TAKE, "a");
	check_allocate(2, "{\"clone\":\"i\"}", ALLOCATE_CLONE, "i");
	check_allocate(2, "{\"refuse\":\"no\"}", ALLOCATE_REFUSE, "no");
	check_allocate(2, "{\"phone\":\"z\"}", 0, NULL);
	check_allocate(2, "{\"clone\":\"z\"}", 0, NULL);
	check_allocate(4, "{\"clone\":\"i\"}", 0, NULL); /* above max */
	check_allocate(2, "{}", 0, NULL);
	check_allocate(2, "{\"phone\":\"a\",\"clone\":\"i\"}", 0, NULL);
	check_allocate(2, "{\"phone\":5}", 0, NULL);
	check_allocate(2, "{\"phone\":{\"a\":1}}", 0, NULL);
	check_allocate(2, "{\"phone\":null,\"refuse\":\"x\"}", ALLOCATE_REFUSE, "x");
}

static struct replenish_question stock(int total, int ready, int creating)
{
	static struct choice_phone spare[] = {
	    {"a", "h", "running", false, false, 1}, {"b", "h", "running", false, false, 2}};

	return (struct replenish_question){&pool, total, ready, creating, 0, 0, spare, 2, hosts, 2};
}

/* `clones` and `destroys`: how many of what the rule wants are allowed; -1: it is refused. */
static void check_replenish(
    struct replenish_question q, const char *result, int clones, int destroys)
{
	struct replenish_answer answer = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) node = json_parse_object(result, -1, &error);

	g_assert_no_error(error);
	if (replenish_answer_parse(json_node_get_object(node), &q, &answer, &error)) {
		g_assert_cmpint((int)answer.clone->len, ==, clones);
		g_assert_cmpint((int)answer.destroy->len, ==, destroys);
	} else {
		g_assert_cmpint(clones, ==, -1);
		g_assert_null(answer.clone);
	}
	replenish_answer_clear(&answer);
}

static void test_replenish(void)
{
	check_replenish(stock(0, 0, 0), "{\"clone\":[\"h\",\"i\"],\"destroy\":[]}", 2, 0);
	check_replenish(stock(0, 0, 0), "{}", 0, 0);
	check_replenish(stock(0, 0, 0), "{\"clone\":{},\"destroy\":{}}", 0, 0);
	/* never above ready, max, a host's room */
	check_replenish(stock(0, 0, 0), "{\"clone\":[\"h\",\"h\",\"h\",\"i\",\"i\"]}", 2, 0);
	check_replenish(stock(0, 0, 0), "{\"clone\":[\"i\",\"i\",\"i\"]}", 1, 0);
	check_replenish(stock(1, 1, 0), "{\"clone\":[\"h\",\"h\"]}", 1, 0);
	check_replenish(stock(2, 0, 2), "{\"clone\":[\"h\",\"h\"]}", 0, 0);
	check_replenish(stock(4, 0, 0), "{\"clone\":[\"h\"]}", 0, 0);
	/* never below ready; each once */
	check_replenish(stock(3, 3, 0), "{\"destroy\":[\"a\",\"b\"]}", 0, 1);
	check_replenish(stock(4, 4, 0), "{\"destroy\":[\"a\",\"a\",\"a\"]}", 0, 1);
	check_replenish(stock(2, 2, 0), "{\"destroy\":[\"a\",\"b\"]}", 0, 0);
	/* nonsense */
	check_replenish(stock(0, 0, 0), "{\"clone\":[\"z\"]}", -1, 0);
	check_replenish(stock(0, 0, 0), "{\"clone\":[5]}", -1, 0);
	check_replenish(stock(0, 0, 0), "{\"clone\":\"h\"}", -1, 0);
	check_replenish(stock(0, 0, 0), "{\"clone\":{\"a\":1}}", -1, 0);
	check_replenish(stock(4, 4, 0), "{\"destroy\":[\"somebody's\"]}", -1, 0);
}

/* --- the scripts that ship agree --- */

struct random_picture {
	struct pool_record pool;
	struct choice_phone phones[6];
	struct choice_host hosts[4];
	unsigned n_phones, n_hosts;
};

static void draw(struct random_picture *p)
{
	static const char *const uuids[] = {"a", "b", "c", "d", "e", "f"};
	static const char *const ids[] = {"h", "i", "j", "k"};
	static const char *const states[] = {"running", "off", "creating"};

	p->pool = pool;
	p->pool.max = g_test_rand_int_range(1, 8);
	p->pool.ready = g_test_rand_int_range(0, p->pool.max + 1);
	p->n_phones = (unsigned)g_test_rand_int_range(0, 7);
	for (unsigned i = 0; i < p->n_phones; i++)
		p->phones[i] = (struct choice_phone){uuids[i], "h",
		    states[g_test_rand_int_range(0, 3)], g_test_rand_bit(),
		    g_test_rand_int_range(0, 6) == 0, g_test_rand_int_range(0, 3)};
	p->n_hosts = (unsigned)g_test_rand_int_range(0, 5);
	/* No two alike: between equals any choice is right. */
	for (unsigned i = 0; i < p->n_hosts; i++)
		p->hosts[i] = (struct choice_host){ids[i], g_test_rand_int_range(0, 4),
		    (int64_t)(i + 1) * 100, g_test_rand_int_range(0, 5)};
}

struct told {
	bool done;
	JsonObject *result;
};

static void told(JsonObject *result, const GError *error, void *data)
{
	struct told *t = data;

	/* A rule has 200 ms, which a busy machine may not give it. */
	if (error && !g_error_matches(error, QVMI_ERROR, QVMI_ERROR_TIMEOUT) &&
	    !g_error_matches(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE))
		g_error("the rule failed: %s", error->message);
	t->result = result ? json_object_ref(result) : NULL;
	t->done = true;
}

/* Once more until it has had its time; a child that was too slow is started anew. */
static JsonObject *ask(struct rule_child *c, const char *function, JsonNode *node)
{
	struct told t = {0};
	gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

	while (!t.result) {
		t.done = false;
		rule_child_call(c, function, json_node_copy(node), told, &t);
		while (!t.done)
			g_main_context_iteration(NULL, TRUE);
		g_assert_cmpint(g_get_monotonic_time(), <, end);
		if (!t.result)
			g_usleep(10000);
	}
	json_node_unref(node);
	return t.result;
}

static struct rule_child *shipped(const char *name)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *here = g_path_get_dirname(self);
	g_autofree char *program = g_build_filename(here, "../../bin/qvmi-rule", NULL);
	g_autofree char *script = g_strdup_printf("rules/scripts/%s.lua", name);

	return rule_child_new(program, script);
}

static void test_allocate_agrees(void)
{
	struct rule_child *c = shipped("allocate");

	for (int i = 0; i < 300; i++) {
		struct random_picture p;
		struct allocate_answer ours = {0}, theirs = {0};
		g_autoptr(GError) error = NULL;
		g_autoptr(JsonObject) result = NULL;

		draw(&p);
		struct allocate_question q = {"ann", "default", &p.pool,
		    g_test_rand_int_range((int)p.n_phones, 9), p.phones, p.n_phones, p.hosts,
		    p.n_hosts};

		allocate_builtin(&q, &ours);
		result = ask(c, "allocate", allocate_question_json(&q));
		g_assert_true(allocate_answer_parse(result, &q, &theirs, &error));
		g_assert_cmpint(ours.kind, ==, theirs.kind);
		g_assert_cmpstr(ours.subject, ==, theirs.subject);
		allocate_answer_clear(&ours);
		allocate_answer_clear(&theirs);
	}
	rule_child_free(c);
}

static void test_replenish_agrees(void)
{
	struct rule_child *c = shipped("replenish");

	for (int i = 0; i < 300; i++) {
		struct random_picture p;
		struct replenish_answer ours = {0}, theirs = {0};
		g_autoptr(GError) error = NULL;
		g_autoptr(JsonObject) result = NULL;

		draw(&p);
		struct replenish_question q = {&p.pool, g_test_rand_int_range(0, 9),
		    (int)p.n_phones, g_test_rand_int_range(0, 3), 0, 0, p.phones, p.n_phones,
		    p.hosts, p.n_hosts};

		replenish_builtin(&q, &ours);
		result = ask(c, "replenish", replenish_question_json(&q));
		g_assert_true(replenish_answer_parse(result, &q, &theirs, &error));
		g_assert_cmpuint(ours.clone->len, ==, theirs.clone->len);
		g_assert_cmpuint(ours.destroy->len, ==, theirs.destroy->len);
		for (unsigned n = 0; n < ours.clone->len; n++)
			g_assert_cmpstr(ours.clone->pdata[n], ==, theirs.clone->pdata[n]);
		for (unsigned n = 0; n < ours.destroy->len; n++)
			g_assert_cmpstr(ours.destroy->pdata[n], ==, theirs.destroy->pdata[n]);
		replenish_answer_clear(&ours);
		replenish_answer_clear(&theirs);
	}
	rule_child_free(c);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK); /* warnings are expected */
	g_test_add_func("/pool/decision/allocate", test_allocate);
	g_test_add_func("/pool/decision/replenish", test_replenish);
	g_test_add_func("/pool/decision/allocate-agrees", test_allocate_agrees);
	g_test_add_func("/pool/decision/replenish-agrees", test_replenish_agrees);
	return g_test_run();
}
