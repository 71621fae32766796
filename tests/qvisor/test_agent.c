/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's end of the agent against a guest that behaves, and against guests that do not. */
#include <string.h>
#include <sys/socket.h>

#include "common/error.h"
#include "qvisor/agent.h"

struct fixture {
	int guest;
	struct agent *agent;
	GString *log;
	GError *closed;
};

static void on_hello(void *data)
{
	g_string_append(((struct fixture *)data)->log, "hello ");
}

static void on_stage(void *data, enum agent_stage stage)
{
	g_string_append_printf(((struct fixture *)data)->log, "%s ", agent_stage_name(stage));
}

static void on_closed(void *data, const GError *error)
{
	struct fixture *fixture = data;
	g_assert_null(fixture->closed);
	fixture->closed = g_error_copy(error);
}

static const struct agent_events events = {on_hello, on_stage, on_closed};

static void set_up(struct fixture *fixture, gconstpointer data)
{
	int pair[2];
	(void)data;
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	fixture->guest = pair[1];
	fixture->log = g_string_new(NULL);
	fixture->agent = agent_new(pair[0], &events, fixture);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	agent_free(fixture->agent);
	close(fixture->guest);
	g_string_free(fixture->log, TRUE);
	g_clear_error(&fixture->closed);
}

static void turn(void)
{
	for (unsigned i = 0; i < 20; i++)
		while (g_main_context_iteration(NULL, FALSE))
			;
}

static void say(struct fixture *fixture, const char *text)
{
	g_assert_cmpint(send(fixture->guest, text, strlen(text), MSG_NOSIGNAL), ==, strlen(text));
	turn();
}

static const char *heard(struct fixture *fixture)
{
	static char text[8192];
	turn();
	ssize_t n = recv(fixture->guest, text, sizeof(text) - 1, MSG_DONTWAIT);
	text[MAX(n, 0)] = 0;
	return text;
}

struct answer {
	unsigned n;
	char *error;
	int code;
};

static void on_answer(void *data, JsonObject *result, const GError *error)
{
	struct answer *answer = data;
	g_assert_true(!result == !!error);
	answer->n++;
	g_free(answer->error);
	answer->error = g_strdup(error ? error->message : NULL);
	answer->code = error ? error->code : -1;
}

static void test_boot(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	say(fixture, "{\"jsonrpc\":\"2.0\",\"method\":\"agent.hello\",\"params\":{\"version\":1,"
	             "\"ready\":false}}\n");
	g_assert_true(agent_connected(fixture->agent));
	say(fixture, "{\"method\":\"agent.stage\",\"params\":{\"stage\":\"booting\"}}\n");
	say(fixture, "{\"method\":\"agent.stage\",\"params\":{\"stage\":\"shell\"}}\n");
	say(fixture, "{\"method\":\"agent.stage\",\"params\":{\"stage\":\"shell\"}}\n");
	say(fixture, "{\"method\":\"agent.stage\",\"params\":{\"stage\":\"ready\"}}\n");
	say(fixture, "{\"method\":\"agent.ready\",\"params\":{\"version\":1}}\n");
	g_assert_cmpstr(fixture->log->str, ==, "hello booting shell ready ");
	g_assert_cmpint(agent_current_stage(fixture->agent), ==, AGENT_READY);
}

/* A clone's agent says at once that it is ready. */
static void test_clone(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	say(fixture, "{\"method\":\"agent.hello\",\"params\":{\"version\":1,\"ready\":true}}\n");
	g_assert_cmpstr(fixture->log->str, ==, "hello ready ");
}

/* One whose hello was lost is asked. */
static void test_asked(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	const char *text;
	while (!*(text = heard(fixture)))
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpstr(
	    text, ==, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"agent.info\",\"params\":{}}\n");
	say(fixture, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"version\":1,\"os\":\"x\","
	             "\"ready\":true}}\n");
	g_assert_cmpstr(fixture->log->str, ==, "hello ready ");
}

static void test_calls(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	struct answer first = {0}, second = {0};
	agent_call(fixture->agent, "disk.sync", NULL, 1000, on_answer, &first);
	agent_call(fixture->agent, "power.off", NULL, 1000, on_answer, &second);
	g_assert_nonnull(strstr(heard(fixture), "\"id\":2,\"method\":\"power.off\""));
	say(fixture, "{\"id\":2,\"error\":{\"code\":-32000,\"message\":\"not now\"}}\n");
	g_assert_cmpuint(first.n, ==, 0);
	g_assert_nonnull(strstr(second.error, "not now"));
	say(fixture, "{\"id\":1,\"result\":{}}\n{\"id\":1,\"result\":{}}\n");
	g_assert_cmpuint(first.n, ==, 1);
	g_assert_cmpint(first.code, ==, -1);
	g_free(second.error);
}

static void test_deadline(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	struct answer answer = {0};
	agent_call(fixture->agent, "disk.sync", NULL, 20, on_answer, &answer);
	while (!answer.n)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpint(answer.code, ==, QVMI_ERROR_TIMEOUT);
	say(fixture, "{\"id\":1,\"result\":{}}\n");
	g_assert_cmpuint(answer.n, ==, 1);
	g_free(answer.error);
}

static void test_nonsense(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	static const char *const lines[] = {"\n", "nonsense\n", "[]\n", "7\n", "{}\n",
	    "{\"method\":7}\n", "{\"method\":\"agent.stage\"}\n",
	    "{\"method\":\"agent.stage\",\"params\":[]}\n",
	    "{\"method\":\"agent.stage\",\"params\":{\"stage\":7}}\n",
	    "{\"method\":\"agent.stage\",\"params\":{\"stage\":\"unknown\"}}\n", "{\"id\":1}\n",
	    "{\"id\":\"1\",\"result\":{}}\n", "{\"id\":-1,\"result\":{}}\n",
	    "{\"id\":2,\"result\":{}}\n", "{\"method\":\"rm\",\"params\":{}}\n", "\xc0\xaf\n",
	    "{\"method\":\"agent.stage\",\"params\":{\"stage\":\"\xff\"}}\n"};
	for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++)
		say(fixture, lines[i]);
	g_assert_null(fixture->closed);
	g_assert_cmpint(agent_current_stage(fixture->agent), ==, AGENT_UNKNOWN);
	struct answer answer = {0};
	agent_call(fixture->agent, "disk.sync", NULL, 1000, on_answer, &answer);
	say(fixture, "{\"id\":1,\"result\":7}\n"); /* no object: an answer all the same */
	g_assert_cmpuint(answer.n, ==, 1);
	g_assert_nonnull(answer.error);
	g_free(answer.error);
}

static void test_endless_line(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	struct answer answer = {0};
	agent_call(fixture->agent, "disk.sync", NULL, 10000, on_answer, &answer);
	g_autofree char *piece = g_strnfill(4096, '{');
	for (unsigned i = 0; i < 64 && !fixture->closed; i++) {
		send(fixture->guest, piece, 4096, MSG_NOSIGNAL | MSG_DONTWAIT);
		turn();
	}
	g_assert_error(fixture->closed, QVMI_ERROR, QVMI_ERROR_TOO_LARGE);
	g_assert_cmpuint(answer.n, ==, 1);
	g_free(answer.error);
}

/* A guest that never reads must not make us keep what it does not read. */
static void test_deaf(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	struct answer answers[200] = {0};
	for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++)
		agent_call(fixture->agent, "disk.sync", NULL, 60000, on_answer, &answers[i]);
	turn();
	g_assert_cmpuint(answers[0].n, ==, 0);
	g_assert_cmpint(answers[G_N_ELEMENTS(answers) - 1].code, ==, QVMI_ERROR_UNAVAILABLE);
	agent_free(g_steal_pointer(&fixture->agent));
	for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_assert_cmpuint(answers[i].n, ==, 1);
		g_free(answers[i].error);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add("/agent/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	ADD(boot);
	ADD(clone);
	ADD(asked);
	ADD(calls);
	ADD(deadline);
	ADD(nonsense);
	ADD(endless_line);
	ADD(deaf);
	return g_test_run();
}
