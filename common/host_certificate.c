/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/host_certificate.h"

#include <string.h>

#include "common/error.h"

#define PREFIX "host:"

const char *host_certificate_id(const struct http_peer *peer)
{
	if (peer->kind != HTTP_PEER_MUTUAL_TLS || !peer->name ||
	    !g_str_has_prefix(peer->name, PREFIX))
		return NULL;
	return peer->name + strlen(PREFIX);
}

bool host_certificate_refuse(
    struct http_request *request, const struct http_route *route, GError **error)
{
	const char *id = host_certificate_id(http_request_peer(request));

	(void)route;
	if (!id)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_DENIED,
	    "the certificate of host '%s' is for registering it with the pool, not for this", id);
	return false;
}
