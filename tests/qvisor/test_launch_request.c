/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What qvisor-launch takes for a request. */
#include <glib.h>
#include <string.h>

#include "qvisor/launch_request.h"

#define UUID "6f1ee37c-0000-4000-8000-00000000beef"
#define BEGIN "qvl1\0start\0" UUID "\0"
#define START                                                                                      \
	BEGIN "1536\0"                                                                             \
	      "200\0"
#define PARSE(request, text, fds) launch_request_parse(request, text, sizeof(text), fds)

static void test_start(void)
{
	struct launch_request request;
	g_assert_null(PARSE(&request,
	    START "/a/memory\0/b\0--\0-m\0"
	          "64M\0-incoming\0defer",
	    3));
	g_assert_cmpint(request.operation, ==, LAUNCH_START);
	g_assert_cmpstr(request.uuid, ==, UUID);
	g_assert_cmpuint(request.memory_mib, ==, 1536);
	g_assert_cmpuint(request.cpu_percent, ==, 200);
	g_assert_cmpuint(request.file_count, ==, 2);
	g_assert_cmpstr(request.files[1], ==, "/b");
	g_assert_cmpuint(request.argument_count, ==, 4);
	g_assert_cmpstr(request.arguments[3], ==, "defer");
	g_assert_null(PARSE(&request, START "--", 3));
	g_assert_cmpuint(request.argument_count, ==, 0);
}

static void test_build(void)
{
	static const char *const wrong[] = {"", ".part", "tiny", "..", "../x.part", "a/b.part",
	    "-a.part", "a.part.part", "a.PART", "A.part"};
	struct launch_request request;
	g_assert_null(PARSE(&request,
	    "qvl1\0build\0" UUID "\0tiny-0af1.part\0"
	    "1\0"
	    "1\0--",
	    3));
	g_assert_cmpint(request.operation, ==, LAUNCH_START);
	g_assert_cmpstr(request.folder, ==, "tiny-0af1.part");
	g_assert_null(PARSE(&request, START "--", 3));
	g_assert_null(request.folder);
	for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GByteArray) message = g_byte_array_new();
		g_byte_array_append(message, (const guint8 *)"qvl1\0build\0" UUID, 48);
		g_byte_array_append(message, (const guint8 *)wrong[i], strlen(wrong[i]) + 1);
		g_byte_array_append(message,
		    (const guint8 *)"1\0"
		                    "1\0--",
		    7);
		g_assert_cmpstr(
		    launch_request_parse(&request, (const char *)message->data, message->len, 3),
		    ==, "the template's folder is none");
	}
}

static void test_kill(void)
{
	struct launch_request request;
	g_assert_null(PARSE(&request, "qvl1\0kill", 1));
	g_assert_cmpint(request.operation, ==, LAUNCH_KILL);
	g_assert_nonnull(PARSE(&request, "qvl1\0kill", 0));
	g_assert_nonnull(PARSE(&request, "qvl1\0kill", 2));
	g_assert_nonnull(PARSE(&request,
	    "qvl1\0kill\0"
	    "1",
	    1));
}

static void test_pair(void)
{
	struct launch_request request;
	g_assert_null(PARSE(&request, "qvl1\0pair", 2));
	g_assert_cmpint(request.operation, ==, LAUNCH_PAIR);
	g_assert_nonnull(PARSE(&request, "qvl1\0pair", 1));
	g_assert_nonnull(PARSE(&request, "qvl1\0pair\0x", 2));
	g_assert_null(PARSE(&request, "qvl1\0about", 0));
	g_assert_cmpint(request.operation, ==, LAUNCH_ABOUT);
	g_assert_nonnull(PARSE(&request, "qvl1\0about", 1));
}

static void test_limits(void)
{
	static const char *const wrong[] = {"", "-1", "1x", "x", " 1", "123456789", "0x10"};
	struct launch_request request;
	for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GByteArray) message = g_byte_array_new();
		g_byte_array_append(message, (const guint8 *)BEGIN, sizeof(BEGIN) - 1);
		g_byte_array_append(message, (const guint8 *)wrong[i], strlen(wrong[i]) + 1);
		g_byte_array_append(message, (const guint8 *)"1\0--", 5);
		g_assert_nonnull(
		    launch_request_parse(&request, (const char *)message->data, message->len, 3));
	}
	g_assert_nonnull(PARSE(&request, BEGIN "1", 3));
	g_assert_null(PARSE(&request,
	    BEGIN "0\0"
	          "99999999\0"
	          "--",
	    3));
	g_assert_cmpuint(request.cpu_percent, ==, 99999999);
}

static void test_zygote(void)
{
	struct launch_request request;
	g_assert_null(PARSE(&request,
	    "qvl1\0zygote\0" UUID "\0"
	    "7\0"
	    "150\0"
	    "--\0"
	    "-version",
	    4));
	g_assert_true(request.zygote && request.operation == LAUNCH_START);
	g_assert_nonnull(PARSE(&request,
	    "qvl1\0zygote\0" UUID "\0"
	    "7\0"
	    "150\0"
	    "--\0"
	    "-version",
	    3));
	g_assert_null(PARSE(&request,
	    "qvl1\0confine\0" UUID "\0" UUID "\0"
	    "7\0"
	    "150",
	    1));
	g_assert_cmpint(request.operation, ==, LAUNCH_CONFINE);
	g_assert_cmpstr(request.parent, ==, UUID);
	g_assert_cmpuint(request.cpu_percent, ==, 150);
	g_assert_nonnull(PARSE(&request,
	    "qvl1\0confine\0" UUID "\0" UUID "\0"
	    "7\0"
	    "150",
	    0));
	g_assert_nonnull(PARSE(&request,
	    "qvl1\0confine\0" UUID "\0"
	    "7\0"
	    "150",
	    1));
	g_assert_nonnull(PARSE(&request,
	    "qvl1\0confine\0" UUID "\0"
	    "../..\0"
	    "7\0"
	    "150",
	    1));
	g_assert_nonnull(PARSE(&request,
	    "qvl1\0confine\0" UUID "\0" UUID "\0"
	    "7\0"
	    "150\0"
	    "x",
	    1));
}

static void test_refused(void)
{
	struct launch_request request;
	g_assert_nonnull(launch_request_parse(&request, "", 0, 0));
	g_assert_nonnull(launch_request_parse(&request, "qvl1", 4, 0)); /* no end */
	g_assert_nonnull(PARSE(&request, "qvl1", 1));
	g_assert_nonnull(PARSE(&request, "qvl2\0kill", 1));
	g_assert_nonnull(PARSE(&request, "qvl1\0stop", 1));
	g_assert_nonnull(PARSE(&request, START "--", 2));
	g_assert_nonnull(PARSE(&request, START "/a", 3)); /* no arguments' mark */
	g_assert_nonnull(
	    PARSE(&request, "qvl1\0start\0../../../../etc/passwd-aaaaaaaaaaaaa\0--", 3));
	static const char *const paths[] = {
	    "a", "/", "/a/", "/a//b", "/a/../b", "/..", "/a/.", "/a/.."};
	for (unsigned i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autoptr(GByteArray) message = g_byte_array_new();
		g_byte_array_append(message, (const guint8 *)START, sizeof(START) - 1);
		g_byte_array_append(message, (const guint8 *)paths[i], strlen(paths[i]) + 1);
		g_byte_array_append(message, (const guint8 *)"--", 3);
		g_assert_nonnull(
		    launch_request_parse(&request, (const char *)message->data, message->len, 3));
	}
	g_assert_nonnull(PARSE(&request, START "--\0-sandbox\0off", 3));
	g_assert_nonnull(PARSE(&request, START "--\0--run-with\0user=root", 3));
	g_assert_null(PARSE(&request, START "--\0-name\0sandbox", 3));
}

/* One more than there is room for. */
static void test_bounds(void)
{
	struct launch_request request;
	for (unsigned n = LAUNCH_ARGUMENTS_MAX; n <= LAUNCH_ARGUMENTS_MAX + 1; n++) {
		g_autoptr(GByteArray) message = g_byte_array_new();
		g_byte_array_append(message, (const guint8 *)START "--", sizeof(START) + 2);
		for (unsigned i = 0; i < n; i++)
			g_byte_array_append(message, (const guint8 *)"x", 2);
		const char *wrong =
		    launch_request_parse(&request, (const char *)message->data, message->len, 3);
		g_assert_true(!wrong == (n == LAUNCH_ARGUMENTS_MAX));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/launch-request/start", test_start);
	g_test_add_func("/launch-request/build", test_build);
	g_test_add_func("/launch-request/kill", test_kill);
	g_test_add_func("/launch-request/pair", test_pair);
	g_test_add_func("/launch-request/limits", test_limits);
	g_test_add_func("/launch-request/zygote", test_zygote);
	g_test_add_func("/launch-request/refused", test_refused);
	g_test_add_func("/launch-request/bounds", test_bounds);
	return g_test_run();
}
