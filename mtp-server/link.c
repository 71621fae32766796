/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/link.h"

#include <unistd.h>

#include "common/descriptor.h"
#include "common/json.h"

JsonObject *link_message(const char *type)
{
	JsonObject *message = json_object_new();
	json_object_set_string_member(message, "type", type);
	return message;
}

bool link_send_all(int socket, JsonObject *message, const int *fds, unsigned n_fds, GError **error)
{
	g_autoptr(JsonNode) node = json_node_of(message);
	g_autofree char *text = json_text(node);
	return descriptor_send(socket, text, strlen(text), fds, n_fds, error);
}

bool link_send(int socket, JsonObject *message, int fd, GError **error)
{
	return link_send_all(socket, message, &fd, fd >= 0 ? 1 : 0, error);
}

JsonObject *link_receive_all(int socket, int *fds, unsigned n_fds, GError **error)
{
	for (unsigned i = 0; i < n_fds; i++)
		fds[i] = -1;
	g_autofree char *text = g_malloc(DESCRIPTOR_MAX_MESSAGE);
	int came[DESCRIPTOR_MAX_FDS];
	unsigned n_came = G_N_ELEMENTS(came);
	ssize_t n = descriptor_receive(socket, text, DESCRIPTOR_MAX_MESSAGE, came, &n_came, error);
	if (n <= 0)
		return NULL;
	g_autoptr(JsonNode) node = json_parse_object(text, n, error);
	for (unsigned i = 0; i < n_came; i++)
		if (node && i < n_fds)
			fds[i] = came[i];
		else
			close(came[i]);
	return node ? json_object_ref(json_node_get_object(node)) : NULL;
}

JsonObject *link_receive(int socket, int *fd, GError **error)
{
	return link_receive_all(socket, fd, 1, error);
}
