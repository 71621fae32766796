/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QMP client against a peer that behaves, and against peers that do not. */
#include <string.h>
#include <sys/socket.h>

#include "common/descriptor.h"
#include "common/error.h"
#include "qvisor/qmp.h"

#define GREETING "{\"QMP\":{\"version\":{},\"capabilities\":[]}}\r\n"

struct fixture {
	int peer;
	struct qmp *qmp;
	GString *events; /* what came, in order */
	GError *closed;
};

static void on_event(void *data, const char *name, JsonObject *payload)
{
	struct fixture *fixture = data;
	g_string_append_printf(fixture->events, "%s%s ", name, payload ? "+" : "");
}

static void on_closed(void *data, const GError *error)
{
	struct fixture *fixture = data;
	g_assert_null(fixture->closed);
	fixture->closed = g_error_copy(error);
}

static const struct qmp_events events = {on_event, on_closed};

static void set_up(struct fixture *fixture, gconstpointer data)
{
	int pair[2];
	(void)data;
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	fixture->peer = pair[1];
	fixture->events = g_string_new(NULL);
	fixture->qmp = qmp_new(pair[0], &events, fixture);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	qmp_free(fixture->qmp);
	close(fixture->peer);
	g_string_free(fixture->events, TRUE);
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
	g_assert_cmpint(send(fixture->peer, text, strlen(text), MSG_NOSIGNAL), ==, strlen(text));
	turn();
}

/* What the client sent since the last time; static. */
static const char *heard(struct fixture *fixture)
{
	static char text[8192];
	turn();
	ssize_t n = recv(fixture->peer, text, sizeof(text) - 1, MSG_DONTWAIT);
	text[MAX(n, 0)] = 0;
	return text;
}

struct answer {
	unsigned n;
	bool ok;
	char *error;
	int code;
};

static void on_answer(void *data, JsonNode *result, const GError *error)
{
	struct answer *answer = data;
	answer->n++;
	answer->ok = result != NULL;
	g_assert_true(!result == !!error);
	g_free(answer->error);
	answer->error = g_strdup(error ? error->message : NULL);
	answer->code = error ? error->code : -1;
}

static void negotiate(struct fixture *fixture)
{
	say(fixture, GREETING);
	g_assert_cmpstr(heard(fixture), ==, "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
	say(fixture, "{\"return\":{},\"id\":1}\r\n");
}

static void test_happy(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	struct answer stop = {0}, quit = {0};
	qmp_execute(fixture->qmp, "stop", NULL, -1, 1000, on_answer, &stop);
	qmp_execute(fixture->qmp, "quit", NULL, -1, 1000, on_answer, &quit);
	g_assert_cmpstr(heard(fixture), ==, ""); /* nothing before the greeting */
	negotiate(fixture);
	g_assert_cmpstr(heard(fixture), ==, "{\"execute\":\"stop\",\"id\":2}\n");
	say(fixture, "{\"event\":\"STOP\",\"timestamp\":{}}\r\n{\"return\":{},\"id\":2}\r\n");
	g_assert_true(stop.ok && stop.n == 1);
	g_assert_cmpstr(fixture->events->str, ==, "STOP ");
	g_assert_cmpstr(heard(fixture), ==, "{\"execute\":\"quit\",\"id\":3}\n");
	say(fixture, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"no way\"},\"id\":3}\r\n");
	g_assert_false(quit.ok);
	g_assert_nonnull(strstr(quit.error, "no way"));
	g_free(quit.error);
}

/* In pieces, and several at once. */
static void test_pieces(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	for (const char *c = GREETING; *c; c++)
		say(fixture, (char[]){*c, 0});
	g_assert_nonnull(strstr(heard(fixture), "qmp_capabilities"));
	say(fixture,
	    "{\"return\":{},\"id\":1}\n{\"event\":\"A\"}\n{\"event\":\"B\",\"data\":{}}\n{\"ev");
	say(fixture, "ent\":\"C\"}\n");
	g_assert_cmpstr(fixture->events->str, ==, "A B+ C ");
}

static void test_descriptor(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	int pipe_fds[2];
	char text[256], byte = 0;
	g_assert_cmpint(pipe(pipe_fds), ==, 0);
	negotiate(fixture);
	qmp_execute(
	    fixture->qmp, "getfd", qmp_one_member("fdname", "x"), pipe_fds[1], 1000, NULL, NULL);
	turn();
	int fd = -1;
	unsigned n_fds = 1;
	g_autoptr(GError) error = NULL;
	ssize_t n = descriptor_receive(fixture->peer, text, sizeof(text), &fd, &n_fds, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(n_fds, ==, 1);
	g_assert_nonnull(g_strstr_len(text, n, "\"fdname\":\"x\""));
	/* ours was closed: with the received one closed as well, the pipe ends */
	close(fd);
	g_assert_cmpint(read(pipe_fds[0], &byte, 1), ==, 0);
	close(pipe_fds[0]);
}

static void test_deadline(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	struct answer slow = {0}, next = {0};
	negotiate(fixture);
	qmp_execute(fixture->qmp, "slow", NULL, -1, 20, on_answer, &slow);
	qmp_execute(fixture->qmp, "next", NULL, -1, 1000, on_answer, &next);
	while (!slow.n)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpint(slow.code, ==, QVMI_ERROR_TIMEOUT);
	/* Its late answer is not taken for the next one's. */
	say(fixture, "{\"return\":{},\"id\":2}\n");
	g_assert_cmpuint(next.n, ==, 0);
	say(fixture, "{\"return\":{},\"id\":3}\n");
	g_assert_true(next.ok);
	g_assert_cmpuint(slow.n, ==, 1);
	g_free(slow.error);
}

/* Nothing of this may crash, answer a command, or end the connection. */
static void test_nonsense(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	static const char *const lines[] = {"\n", "nonsense\n", "[]\n", "{}\n", "7\n", "null\n",
	    "{\"return\":{}}\n", "{\"return\":{},\"id\":\"2\"}\n", "{\"return\":{},\"id\":99}\n",
	    "{\"return\":{},\"id\":-1}\n", "{\"return\":{},\"id\":1e300}\n", "{\"event\":7}\n",
	    "{\"event\":{}}\n", "{\"event\":\"X\",\"data\":7}\n", "{\"error\":7}\n",
	    "{\"QMP\":{}}\n", "{\"event\":\"\"}\n", "{\"return\":{},\"id\":{}}\n", "\xff\xfe\n",
	    "{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]\n"};
	struct answer answer = {0};
	negotiate(fixture);
	qmp_execute(fixture->qmp, "query-status", NULL, -1, 10000, on_answer, &answer);
	for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++)
		say(fixture, lines[i]);
	g_assert_cmpuint(answer.n, ==, 0);
	g_assert_null(fixture->closed);
	say(fixture, "{\"return\":7,\"id\":2}\n");
	g_assert_true(answer.ok);
}

static void test_bad_error(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	struct answer answer = {0};
	negotiate(fixture);
	qmp_execute(fixture->qmp, "x", NULL, -1, 10000, on_answer, &answer);
	say(fixture, "{\"error\":[],\"id\":2}\n");
	g_assert_cmpuint(answer.n, ==, 1);
	g_assert_nonnull(strstr(answer.error, "without a reason"));
	g_free(answer.error);
}

static void flood(struct fixture *fixture, const char *piece, size_t total)
{
	size_t n = strlen(piece);
	for (size_t sent = 0; sent < total && !fixture->closed; sent += n) {
		if (send(fixture->peer, piece, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
		    fixture->closed)
			break;
		turn();
	}
}

static void test_endless_line(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	struct answer answer = {0};
	negotiate(fixture);
	qmp_execute(fixture->qmp, "x", NULL, -1, 10000, on_answer, &answer);
	g_autofree char *piece = g_strnfill(4096, 'x');
	flood(fixture, piece, 4 * QMP_MAX_LINE);
	g_assert_error(fixture->closed, QVMI_ERROR, QVMI_ERROR_TOO_LARGE);
	g_assert_cmpuint(answer.n, ==, 1);
	g_free(answer.error);
}

static void test_nul(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_assert_cmpint(send(fixture->peer, "{\0}\n", 4, 0), ==, 4);
	turn();
	g_assert_error(fixture->closed, QVMI_ERROR, QVMI_ERROR_INVALID);
}

static void test_end(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	struct answer first = {0}, second = {0}, third = {0};
	negotiate(fixture);
	qmp_execute(fixture->qmp, "x", NULL, -1, 10000, on_answer, &first);
	qmp_execute(fixture->qmp, "y", NULL, -1, 10000, on_answer, &second);
	shutdown(fixture->peer, SHUT_RDWR);
	turn();
	g_assert_cmpint(first.code, ==, QVMI_ERROR_UNAVAILABLE);
	g_assert_cmpint(second.code, ==, QVMI_ERROR_UNAVAILABLE);
	g_assert_error(fixture->closed, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	qmp_execute(fixture->qmp, "z", NULL, -1, 10000, on_answer, &third);
	g_assert_cmpuint(third.n, ==, 0); /* never before it returns */
	turn();
	g_assert_cmpint(third.code, ==, QVMI_ERROR_UNAVAILABLE);
	g_free(first.error);
	g_free(second.error);
	g_free(third.error);
}

static void test_too_many(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	static struct answer answers[QMP_MAX_PENDING + 3];
	for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++)
		qmp_execute(fixture->qmp, "x", NULL, -1, 10000, on_answer, &answers[i]);
	turn();
	g_assert_cmpuint(answers[0].n, ==, 0);
	g_assert_cmpint(answers[G_N_ELEMENTS(answers) - 1].code, ==, QVMI_ERROR_RATE_LIMITED);
	qmp_free(g_steal_pointer(&fixture->qmp));
	for (unsigned i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_assert_cmpuint(answers[i].n, ==, 1);
		g_free(answers[i].error);
	}
	g_assert_cmpint(answers[0].code, ==, QVMI_ERROR_CANCELLED);
}

static void on_answer_free(void *data, JsonNode *result, const GError *error)
{
	(void)result, (void)error;
	struct fixture *fixture = data;
	qmp_free(g_steal_pointer(&fixture->qmp));
}

/* A callback may free what calls it. */
static void test_free_inside(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	negotiate(fixture);
	qmp_execute(fixture->qmp, "x", NULL, -1, 1000, on_answer_free, fixture);
	say(fixture, "{\"return\":{},\"id\":2}\n{\"event\":\"LATE\"}\n");
	g_assert_null(fixture->qmp);
	g_assert_cmpstr(fixture->events->str, ==, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name) g_test_add("/qmp/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	ADD(happy);
	ADD(pieces);
	ADD(descriptor);
	ADD(deadline);
	ADD(nonsense);
	ADD(bad_error);
	ADD(endless_line);
	ADD(nul);
	ADD(end);
	ADD(too_many);
	ADD(free_inside);
	return g_test_run();
}
