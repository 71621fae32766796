/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real rule child and scripts that misbehave in every way that only a process can stop. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "pool/rule_child.h"
#include "pool/rules.h"

static char *program; /* qvmi-rule of this build */
static char *folder;

struct outcome {
	bool done;
	char *result;
	GError *error;
	gint64 took_ms, asked;
};

static void told(JsonObject *result, const GError *error, void *data)
{
	struct outcome *o = data;

	g_assert_false(o->done);
	o->done = true;
	o->took_ms = (g_get_monotonic_time() - o->asked) / 1000;
	o->error = error ? g_error_copy(error) : NULL;
	if (result) {
		g_autoptr(JsonNode) node = json_node_of(json_object_ref(result));

		o->result = json_text(node);
	}
}

static void clear(struct outcome *o)
{
	g_clear_error(&o->error);
	g_free(o->result);
	*o = (struct outcome){0};
}

static void ask(struct rule_child *c, struct outcome *o)
{
	clear(o);
	o->asked = g_get_monotonic_time();
	rule_child_call(c, "allocate", json_parse_object("{\"n\":1}", -1, NULL), told, o);
	g_assert_false(o->done);
}

static void finish(struct outcome *o)
{
	while (!o->done)
		g_main_context_iteration(NULL, TRUE);
}

static char *script(const char *name, const char *text)
{
	char *path = g_strdup_printf("%s/%s.lua", folder, name);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	return path;
}

static struct rule_child *child(const char *text)
{
	g_autofree char *path = script("test", text);

	return rule_child_new(program, path);
}

/* The child may still be starting on a busy machine: that is not what is tested. */
static void ask_when_started(struct rule_child *c, struct outcome *o)
{
	gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

	do {
		ask(c, o);
		finish(o);
	} while (o->error && strstr(o->error->message, "still starting") &&
	         g_get_monotonic_time() < end);
}

/* A rule has 200 ms, which a busy machine may not give it. */
static bool is_late(const struct outcome *o)
{
	return g_error_matches(o->error, QVMI_ERROR, QVMI_ERROR_TIMEOUT) ||
	       g_error_matches(o->error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
}

static void ask_in_time(struct rule_child *c, struct outcome *o)
{
	gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

	do {
		ask(c, o);
		finish(o);
	} while (is_late(o) && g_get_monotonic_time() < end);
}

static bool answers_all(struct rule_child *c)
{
	struct outcome many[20] = {0};
	bool late = false;

	for (unsigned i = 0; i < G_N_ELEMENTS(many); i++)
		ask(c, &many[i]);
	for (unsigned i = 0; i < G_N_ELEMENTS(many); i++) {
		finish(&many[i]);
		late |= is_late(&many[i]);
		if (!late)
			g_assert_cmpstr(many[i].result, ==, "{\"n\":2}");
		clear(&many[i]);
	}
	return !late;
}

static void test_works(void)
{
	struct rule_child *c = child("function allocate(i) return {n = i.n + 1} end");
	struct outcome o = {0};

	do {
		ask_in_time(c, &o);
		g_assert_no_error(o.error);
		g_assert_cmpstr(o.result, ==, "{\"n\":2}");
		g_assert_null(rule_child_problem(c));
	} while (!answers_all(c));
	clear(&o);
	rule_child_free(c);
}

/* Each of these would run for ever: it is cut off in time, the next call fails at once, and after
 * the back-off there is a new child. */
static void test_endless(void)
{
	static const char *const scripts[] = {
	    "function allocate() while true do end end",
	    "function allocate() while true do pcall(error) end end",
	    "function allocate() while true do pcall(function() while true do end end) end end",
	    "function allocate() local s = string.rep('a', 30) "
	    "return {x = s:find(string.rep('a?', 30) .. string.rep('a', 30) .. 'b')} end",
	    "function allocate() return {x = ('a'):rep(200000):find(('.-'):rep(30) .. 'b')} end",
	    "function allocate() setmetatable({}, {__gc = function() while true do end end}) "
	    "return setmetatable({}, {__index = function() while true do end end}).x end",
	    "function allocate() local t = {} for i = 1, 1e5 do t[i] = i % 7 end "
	    "while true do table.sort(t, function(a, b) return a < b end) end end",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(scripts); i++) {
		struct rule_child *c = child(scripts[i]);
		struct outcome o = {0};

		ask_when_started(c, &o);
		g_test_message("%s", scripts[i]);
		g_assert_error(o.error, QVMI_ERROR, QVMI_ERROR_TIMEOUT);
		g_assert_cmpint(o.took_ms, >=, RULE_DEADLINE_MS - 20);
		g_assert_nonnull(strstr(rule_child_problem(c), "no answer within 200 ms"));
		ask(c, &o);
		finish(&o);
		g_assert_error(o.error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
		clear(&o);
		rule_child_free(c);
	}
}

/* One bad call does not end what waits behind it in silence. */
static void test_queue_behind_endless(void)
{
	struct rule_child *c = child("function allocate() while true do end end");
	struct outcome many[RULE_MAX_CALLS + 1] = {0};

	for (unsigned i = 0; i < G_N_ELEMENTS(many); i++)
		ask(c, &many[i]);
	for (unsigned i = 0; i < G_N_ELEMENTS(many); i++) {
		finish(&many[i]);
		g_assert_nonnull(many[i].error);
	}
	g_assert_error(many[RULE_MAX_CALLS].error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED);
	for (unsigned i = 0; i < G_N_ELEMENTS(many); i++)
		clear(&many[i]);
	rule_child_free(c);
}

/* The call fails, and so does the next one, which is not in a back-off. False: this machine was too
 * busy to call it in time. */
static bool fails_twice(const char *text)
{
	struct rule_child *c = child(text);
	struct outcome o = {0};

	ask_when_started(c, &o);
	if (g_error_matches(o.error, QVMI_ERROR, QVMI_ERROR_FAILED)) {
		g_assert_nonnull(rule_child_problem(c));
		ask(c, &o);
		finish(&o);
	}
	bool late = g_error_matches(o.error, QVMI_ERROR, QVMI_ERROR_TIMEOUT);
	if (!late)
		g_assert_error(o.error, QVMI_ERROR, QVMI_ERROR_FAILED);
	clear(&o);
	rule_child_free(c);
	return !late;
}

/* These end by themselves with an error, and the child lives on. */
static void test_errors(void)
{
	static const char *const scripts[] = {
	    "function allocate() local s = 'x' while true do s = s .. s end end",
	    "function allocate() return {x = string.rep('x', 1e6)} end",
	    "function allocate() return os.execute('id') end",
	    "function allocate() return io.open('/etc/passwd') end",
	    "function allocate() return load('return 1') end",
	    "function allocate() return require('os') end",
	    "function allocate() return 5 end",
	    "function allocate() error('no') end",
	    "x = 1",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(scripts); i++) {
		g_test_message("%s", scripts[i]);
		while (!fails_twice(scripts[i]))
			;
	}
}

static void test_script_is_broken(void)
{
	struct rule_child *c = child("function allocate(");
	struct outcome o = {0};

	ask(c, &o);
	finish(&o);
	g_assert_nonnull(o.error);
	while (!rule_child_problem(c))
		g_main_context_iteration(NULL, TRUE);
	g_assert_nonnull(strstr(rule_child_problem(c), "before it was ready"));
	clear(&o);
	rule_child_free(c);
	c = rule_child_new("/nowhere/qvmi-rule", "x.lua");
	ask(c, &o);
	finish(&o);
	g_assert_error(o.error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	clear(&o);
	rule_child_free(c);
}

/* A program that is not ours at all, in the child's place. */
static void test_impostor(void)
{
	static const char *const programs[] = {
	    "#!/bin/sh\necho nonsense\nsleep 60\n",
	    "#!/bin/sh\necho '{\"ready\":true}'\nread x\necho '{\"id\":99}'\nsleep 60\n",
	    "#!/bin/sh\necho '{\"ready\":true}'\nread x\necho '[]'\nsleep 60\n",
	    "#!/bin/sh\necho '{\"ready\":true}'\nread x\nhead -c 3000000 /dev/zero\nsleep 60\n",
	    "#!/bin/sh\necho '{\"ready\":true}'\nread x\nexit 0\n",
	    "#!/bin/sh\nexit 3\n",
	};
	g_autofree char *path = g_strdup_printf("%s/impostor", folder);

	for (unsigned i = 0; i < G_N_ELEMENTS(programs); i++) {
		struct rule_child *c;
		struct outcome o = {0};

		g_assert_true(g_file_set_contents_full(
		    path, programs[i], -1, G_FILE_SET_CONTENTS_NONE, 0700, NULL));
		c = rule_child_new(path, "x.lua");
		ask(c, &o);
		finish(&o);
		g_assert_nonnull(o.error);
		g_assert_null(o.result);
		clear(&o);
		rule_child_free(c);
	}
	unlink(path);
}

/* Killed from outside: a later call has a new child. */
static void test_recovers(void)
{
	g_autofree char *path = script("bad", "function allocate() while true do end end");
	struct rule_child *c = rule_child_new(program, path);
	struct outcome o = {0};
	gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

	ask_when_started(c, &o);
	g_assert_nonnull(o.error);
	g_free(script("bad", "function allocate() return {ok = true} end"));
	do {
		g_usleep(50000);
		ask(c, &o);
		finish(&o);
	} while (o.error && g_get_monotonic_time() < end);
	g_assert_cmpstr(o.result, ==, "{\"ok\":true}");
	g_assert_null(rule_child_problem(c));
	clear(&o);
	rule_child_free(c);
}

static void test_rules(void)
{
	g_free(script("good", "function allocate() return {ok = 1} end"));
	struct rules *rules = rules_new(program, folder);
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonObject) status = NULL;
	struct outcome o = {0};

	g_assert_true(rules_check(rules, "good", NULL));
	g_assert_false(rules_check(rules, "none", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_assert_false(rules_check(rules, "../good", NULL));
	rules_prepare(rules, "good");
	do {
		clear(&o);
		rules_call(rules, "good", "allocate", json_parse_object("{}", -1, NULL), told, &o);
		finish(&o);
	} while (is_late(&o));
	g_assert_cmpstr(o.result, ==, "{\"ok\":1}");
	rules_complain(rules, "good", "it wants a phone that is not there");
	status = rules_status(rules);
	g_assert_cmpstr(json_object_get_string_member(status, "state"), ==, "failing");
	g_assert_cmpstr(json_object_get_string_member(status, "detail"), ==,
	    "good: it wants a phone that is not there");
	clear(&o);
	rules_free(rules);
	rules = rules_new(NULL, NULL);
	rules_call(rules, "good", "allocate", json_parse_object("{}", -1, NULL), told, &o);
	g_assert_false(o.done);
	finish(&o);
	g_assert_error(o.error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	clear(&o);
	rules_free(rules);
}

/* No child is left behind, whatever happened above. */
static void test_nothing_left(void)
{
	gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;

	while (waitpid(-1, NULL, WNOHANG) != -1 && g_get_monotonic_time() < end)
		g_main_context_iteration(NULL, FALSE);
	g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
	g_assert_cmpint(errno, ==, ECHILD);
}

int main(int argc, char **argv)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	g_autofree char *here = g_path_get_dirname(self);
	static const char *const files[] = {"test.lua", "bad.lua", "good.lua"};
	int code;

	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK); /* warnings are expected */
	signal(SIGPIPE, SIG_IGN);
	program = g_build_filename(here, "../../bin/qvmi-rule", NULL);
	g_assert_true(g_file_test(program, G_FILE_TEST_IS_EXECUTABLE));
	folder = g_dir_make_tmp("qvmi-rule-XXXXXX", NULL);
	g_test_add_func("/pool/rule-child/works", test_works);
	g_test_add_func("/pool/rule-child/endless", test_endless);
	g_test_add_func("/pool/rule-child/queue-behind-endless", test_queue_behind_endless);
	g_test_add_func("/pool/rule-child/errors", test_errors);
	g_test_add_func("/pool/rule-child/script-is-broken", test_script_is_broken);
	g_test_add_func("/pool/rule-child/impostor", test_impostor);
	g_test_add_func("/pool/rule-child/recovers", test_recovers);
	g_test_add_func("/pool/rule-child/rules", test_rules);
	g_test_add_func("/pool/rule-child/nothing-left", test_nothing_left);
	code = g_test_run();
	for (unsigned i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(folder, files[i], NULL);

		unlink(path);
	}
	rmdir(folder);
	g_free(folder);
	g_free(program);
	return code;
}
