/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/mtp_address.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <string.h>

#include "common/error.h"

#define HOST_MAX_SIZE 255

/* Wherever the broker is: everywhere, or on loopback. */
static bool is_here(const char *address)
{
	if (!*address || g_str_equal(address, "localhost"))
		return true;
	g_autoptr(GInetAddress) inet = g_inet_address_new_from_string(address);
	return inet && (g_inet_address_get_is_any(inet) || g_inet_address_get_is_loopback(inet));
}

static bool all_of(const char *text, size_t n, const char *others)
{
	for (size_t i = 0; i < n; i++)
		if (!g_ascii_isalnum(text[i]) && !strchr(others, text[i]))
			return false;
	return n > 0;
}

char *mtp_address_host(const char *address, const char *http_host, GError **error)
{
	if (!is_here(address))
		return g_strdup(address);
	if (!http_host)
		return g_strdup("localhost");
	if (strlen(http_host) <= HOST_MAX_SIZE && http_host[0] == '[') {
		size_t n = strcspn(http_host + 1, "]");
		if (http_host[1 + n] == ']' && all_of(http_host + 1, n, ":."))
			return g_strndup(http_host + 1, n);
	} else if (strlen(http_host) <= HOST_MAX_SIZE) {
		size_t n = strcspn(http_host, ":");
		if (all_of(http_host, n, ".-"))
			return g_strndup(http_host, n);
	}
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "the Host header is not a host name; reach the broker by its name or address");
	return NULL;
}

char *mtp_address_websocket(const char *host, uint16_t port)
{
	bool v6 = strchr(host, ':') != NULL;
	return g_strdup_printf("wss://%s%s%s:%u/mtp", v6 ? "[" : "", host, v6 ? "]" : "", port);
}
