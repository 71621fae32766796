/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <gio/gio.h>

#include "common/error.h"

static void test_errno(void)
{
	static const struct {
		int number;
		enum qvmi_error_code code;
		const char *message;
	} rows[] = {
	    {ENOSPC, QVMI_ERROR_EXHAUSTED,
	        "cannot write /x: No space left on device; make room in that file system"},
	    {EFBIG, QVMI_ERROR_EXHAUSTED,
	        "cannot write /x: File too large; make room in that file system"},
	    {EMFILE, QVMI_ERROR_EXHAUSTED, "cannot write /x: Too many open files"},
	    {EACCES, QVMI_ERROR_FAILED, "cannot write /x: Permission denied"},
	};
	for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_false(
		    qvmi_error_set_errno(&error, rows[i].number, "cannot write %s", "/x"));
		g_assert_error(error, QVMI_ERROR, (gint)rows[i].code);
		g_assert_cmpstr(error->message, ==, rows[i].message);
	}
	g_assert_false(qvmi_error_set_errno(NULL, EIO, "nobody asks"));
}

/* What another daemon has answered is the same error here. */
static void test_http(void)
{
	g_autoptr(GError) known = qvmi_error_from_http(409, "cancelled", "as asked");
	g_assert_error(known, QVMI_ERROR, QVMI_ERROR_CANCELLED);
	g_assert_cmpuint(qvmi_error_http_status(known), ==, 409);
	g_assert_cmpstr(qvmi_error_word(known), ==, "cancelled");
	g_assert_cmpstr(known->message, ==, "as asked");
	g_autoptr(GError) by_status = qvmi_error_from_http(507, NULL, "");
	g_assert_error(by_status, QVMI_ERROR, QVMI_ERROR_EXHAUSTED);
	g_assert_cmpstr(by_status->message, ==, "the server answered 507");
	g_autoptr(GError) by_class = qvmi_error_from_http(418, "teapot", "short and stout");
	g_assert_error(by_class, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_autoptr(GError) gateway = qvmi_error_from_http(502, NULL, "no");
	g_assert_error(gateway, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	g_autoptr(GError) foreign = g_error_new(G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "late");
	g_assert_cmpint(qvmi_error_exit_code(foreign), ==, 5);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/error/errno", test_errno);
	g_test_add_func("/error/http", test_http);
	return g_test_run();
}
