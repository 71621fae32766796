/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>

#include "broker/mtp_address.h"
#include "common/error.h"

static void test_host(void)
{
	static const struct {
		const char *address, *http_host, *host;
	} cases[] = {
	    {"10.1.2.3", "broker.example:8443", "10.1.2.3"},
	    {"0.0.0.0", "broker.example:8443", "broker.example"},
	    {"", "broker.example", "broker.example"},
	    {"::", "[2001:db8::1]:8443", "2001:db8::1"},
	    {"", "127.0.0.1:8443", "127.0.0.1"},
	    {"", NULL, "localhost"},
	    {"2001:db8::7", NULL, "2001:db8::7"},
	    {"127.0.0.1", "localhost:8443", "localhost"},
	    {"::1", "phones.example:8443", "phones.example"},
	    {"localhost", NULL, "localhost"},
	    {"phones.example", "broker.example", "phones.example"},
	};
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *host =
		    mtp_address_host(cases[i].address, cases[i].http_host, NULL);
		g_assert_cmpstr(host, ==, cases[i].host);
	}
}

static void test_hostile_header(void)
{
	g_autofree char *long_one = g_strnfill(300, 'a');
	const char *const headers[] = {"", ":8443", "[]", "[::1", "a/b", "a b", "evil@host", "a\"b",
	    "a;b", "%00", "[gg%]", long_one};
	for (unsigned i = 0; i < G_N_ELEMENTS(headers); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(mtp_address_host("", headers[i], &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	}
}

static void test_websocket(void)
{
	g_autofree char *name = mtp_address_websocket("broker.example", 8445);
	g_autofree char *v6 = mtp_address_websocket("2001:db8::1", 443);
	g_assert_cmpstr(name, ==, "wss://broker.example:8445/mtp");
	g_assert_cmpstr(v6, ==, "wss://[2001:db8::1]:443/mtp");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mtp-address/host", test_host);
	g_test_add_func("/mtp-address/hostile-header", test_hostile_header);
	g_test_add_func("/mtp-address/websocket", test_websocket);
	return g_test_run();
}
