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

bool link_send(int socket, JsonObject *message, int fd, GError **error)
{
	g_autoptr(JsonNode) node = json_node_of(message);
	g_autofree char *text = json_text(node);
	return descriptor_send(socket, text, strlen(text), &fd, fd >= 0 ? 1 : 0, error);
}

JsonObject *link_receive(int socket, int *fd, GError **error)
{
	*fd = -1;
	g_autofree char *text = g_malloc(DESCRIPTOR_MAX_MESSAGE);
	int fds[DESCRIPTOR_MAX_FDS];
	unsigned n_fds = G_N_ELEMENTS(fds);
	ssize_t n = descriptor_receive(socket, text, DESCRIPTOR_MAX_MESSAGE, fds, &n_fds, error);
	if (n <= 0)
		return NULL;
	for (unsigned i = 1; i < n_fds; i++)
		close(fds[i]);
	if (n_fds)
		*fd = fds[0];
	g_autoptr(JsonNode) node = json_parse_object(text, n, error);
	if (node)
		return json_object_ref(json_node_get_object(node));
	if (n_fds)
		close(*fd);
	*fd = -1;
	return NULL;
}
