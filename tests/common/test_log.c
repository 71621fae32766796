/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "common/log.h"

/* A peer's bytes cannot forge a line or reach the terminal. */
static void test_forged(void)
{
	char text[4096] = "";
	int fds[2], saved = dup(STDERR_FILENO);

	g_assert_cmpint(pipe(fds), ==, 0);
	dup2(fds[1], STDERR_FILENO);
	g_message("user %s", "a\n2026-01-01T00:00:00.000Z critical x: \x1b[31m\xff\xe2\x80\xae");
	g_info("not shown");
	dup2(saved, STDERR_FILENO);
	close(fds[1]);
	close(saved);
	g_assert_cmpint(read(fds[0], text, sizeof(text) - 1), >, 0);
	close(fds[0]);
	g_assert_nonnull(
	    strstr(text, " message logtest: user a\\n2026-01-01T00:00:00.000Z critical "
	                 "x: \\u{1b}[31m\\xff\\u{202e}\n"));
	g_assert_cmpuint(strcspn(text, "\n"), ==, strlen(text) - 1);
	g_assert_null(strstr(text, "not shown"));
}

static void test_errors(void)
{
	g_autoptr(GError) foreign = g_error_new(G_IO_ERROR, G_IO_ERROR_PENDING, "x");
	g_autoptr(GError) cancelled = g_error_new(G_IO_ERROR, G_IO_ERROR_CANCELLED, "x");
	g_autoptr(GError) empty = qvmi_error_from_http(503, NULL, "");

	g_assert_cmpuint(qvmi_error_http_status(foreign), ==, 500);
	g_assert_cmpstr(qvmi_error_word(cancelled), ==, "cancelled");
	g_assert_error(empty, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	g_assert_cmpstr(empty->message, ==, "the server answered 503");
	for (int code = 0; code <= QVMI_ERROR_CANCELLED; code++) {
		g_autoptr(GError) error = g_error_new(QVMI_ERROR, code, "x");
		g_autoptr(GError) back = qvmi_error_from_http(
		    qvmi_error_http_status(error), qvmi_error_word(error), "y");
		g_assert_error(back, QVMI_ERROR, code);
		g_assert_cmpint(qvmi_error_exit_code(error), !=, 0);
	}
}

int main(int argc, char **argv)
{
	log_init("logtest");
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/log/forged", test_forged);
	g_test_add_func("/log/errors", test_errors);
	return g_test_run();
}
