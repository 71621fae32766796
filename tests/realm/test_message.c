/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What brokerd and brokerd-realm say to each other, and brokerd-realm's command line. */
#include <string.h>
#include <sys/socket.h>

#include "broker/realm/message.h"
#include "broker/realm/options.h"
#include "common/error.h"

static void make_pair(int fds[2])
{
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), ==, 0);
}

static void test_request(void)
{
	int fds[2];
	make_pair(fds);
	g_autoptr(GBytes) token = g_bytes_new("\0\1\2", 3);
	struct realm_request sent = {.task = REALM_TICKET,
	    .timeout_ms = 4500,
	    .principal = (char *)"alice@R",
	    .password = (char *)"geheim",
	    .token = token};
	g_assert_true(realm_request_send(fds[0], &sent, NULL));
	AUTO(realm_request) got = realm_request_receive(fds[1], NULL);
	g_assert_cmpint(got->task, ==, REALM_TICKET);
	g_assert_cmpuint(got->timeout_ms, ==, 4500);
	g_assert_cmpstr(got->principal, ==, "alice@R");
	g_assert_cmpstr(got->password, ==, "geheim");
	g_assert_true(g_bytes_equal(got->token, token));
	g_assert_cmpuint(g_bytes_get_size(got->binding), ==, 0);
	close(fds[0]);
	g_autoptr(GError) error = NULL;
	g_assert_null(realm_request_receive(fds[1], &error));
	g_assert_no_error(error);
	close(fds[1]);
}

static struct realm_answer *sample(void)
{
	const char *const groups[] = {"staff", "sales", NULL};
	struct realm_answer *answer = realm_answer_new(REALM_ADMITTED, "detail");
	g_free(answer->principal);
	answer->principal = g_strdup("alice@R");
	answer->bound = true;
	g_strfreev(answer->groups);
	answer->groups = g_strdupv((char **)groups);
	return answer;
}

static void test_answer(void)
{
	int fds[2];
	make_pair(fds);
	AUTO(realm_answer) sent = sample();
	g_assert_true(realm_answer_send(fds[0], sent, NULL));
	AUTO(realm_answer) got = realm_answer_receive(fds[1], NULL);
	g_assert_cmpint(got->outcome, ==, REALM_ADMITTED);
	g_assert_cmpstr(got->principal, ==, "alice@R");
	g_assert_true(got->bound);
	g_assert_cmpuint(g_strv_length(got->groups), ==, 2);
	g_assert_cmpuint(g_strv_length(got->units), ==, 0);
	/* Out of bounds: too long a name, an empty group, an outcome that there is not. */
	struct realm_answer *wrong[] = {sample(), sample(), sample()};
	g_free(wrong[0]->principal);
	wrong[0]->principal = g_strnfill(REALM_NAME_MAX + 1, 'a');
	wrong[1]->groups[0][0] = '\0';
	wrong[2]->outcome = REALM_UNAVAILABLE + 1;
	for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_true(realm_answer_send(fds[0], wrong[i], NULL));
		g_assert_null(realm_answer_receive(fds[1], &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
		realm_answer_free(wrong[i]);
	}
	close(fds[0]);
	close(fds[1]);
}

/* Every cut and every flipped bit of an answer is refused or is another one within its bounds. */
static void test_broken_answer(void)
{
	int fds[2];
	char bytes[4096];
	make_pair(fds);
	AUTO(realm_answer) sent = sample();
	g_assert_true(realm_answer_send(fds[0], sent, NULL));
	ssize_t n = recv(fds[1], bytes, sizeof bytes, 0);
	g_assert_cmpint(n, >, 0);
	for (ssize_t i = 0; i < n; i++) {
		g_autoptr(GBytes) cut = g_bytes_new(bytes, (gsize)i);
		AUTO(realm_answer) shorter = realm_answer_parse(cut, NULL);
		g_assert_null(shorter);
		for (unsigned bit = 0; bit < 8; bit++) {
			bytes[i] ^= (char)(1 << bit);
			g_autoptr(GBytes) flipped = g_bytes_new(bytes, (gsize)n);
			AUTO(realm_answer) other = realm_answer_parse(flipped, NULL);
			g_assert_true(!other || other->outcome <= REALM_UNAVAILABLE);
			bytes[i] ^= (char)(1 << bit);
		}
	}
	close(fds[0]);
	close(fds[1]);
}

static void test_options(void)
{
	struct realm_options sent = {.realm = (char *)"R", .person_filter = (char *)"(a=b c)"};
	struct realm_options got = {0};
	g_auto(GStrv) argv = realm_options_to_argv(&sent, "brokerd-realm");
	g_assert_true(realm_options_from_argv(&got, argv, NULL));
	g_assert_cmpstr(got.realm, ==, "R");
	g_assert_cmpstr(got.person_filter, ==, "(a=b c)");
	g_assert_null(got.keytab);
	static const char *const bad[] = {"--nothing=1", "realm=R", "--realm", "--realmx=R", "--"};
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		char *wrong[] = {(char *)"brokerd-realm", (char *)bad[i], NULL};
		g_assert_false(realm_options_from_argv(&got, wrong, &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	}
	realm_options_clear(&got);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/realm-message/request", test_request);
	g_test_add_func("/realm-message/answer", test_answer);
	g_test_add_func("/realm-message/broken-answer", test_broken_answer);
	g_test_add_func("/realm-message/options", test_options);
	return g_test_run();
}
