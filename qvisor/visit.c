/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/visit.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/error.h"
#include "common/host_certificate.h"
#include "common/json.h"
#include "qvisor/migration_thread.h"

#define TICKET_MAX 36

void visit_free(struct visit *visit)
{
	if (!visit)
		return;
	migration_link_free(visit->link);
	g_clear_pointer(&visit->line, json_node_unref);
	g_clear_error(&visit->error);
	if (visit->socket >= 0)
		close(visit->socket);
	g_free(visit->host);
	g_free(visit->ticket);
	g_free(visit->purpose);
	g_free(visit->folder);
	g_free(visit->backing);
	g_free(visit->format);
	g_free(visit->volume);
	g_free(visit);
}

static void on_ran(void *data)
{
	struct visit *visit = data;
	visit->next(visit);
}

static void go_on(struct visit *visit, void (*run)(void *data), void (*next)(struct visit *visit))
{
	visit->next = next;
	migration_thread(run, on_ran, visit);
}

/* --- who it is and what it wants --- */

static bool read_wish(struct visit *visit, GError **error)
{
	const struct http_peer peer = {
	    .kind = HTTP_PEER_MUTUAL_TLS, .name = migration_link_peer(visit->link)};
	const char *host = host_certificate_id(&peer);
	if (!host) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_DENIED,
		    "only hosts bring phones, and \"%s\" is none",
		    migration_link_peer(visit->link));
		return false;
	}
	visit->host = g_strdup(host);
	g_autofree char *text = migration_link_read_line(visit->link, error);
	visit->line = text ? json_parse_object(text, -1, error) : NULL;
	JsonObject *object = visit->line ? json_node_get_object(visit->line) : NULL;
	visit->ticket =
	    object ? g_strdup(json_get_string(object, "ticket", TICKET_MAX, error)) : NULL;
	visit->purpose = visit->ticket ? g_strdup(json_get_string(object, "do", 16, error)) : NULL;
	return visit->purpose;
}

static void run_arrival(void *data)
{
	struct visit *visit = data;
	visit->link = migration_link_accept(visit->context, visit->fd, &visit->error);
	if (visit->link)
		read_wish(visit, &visit->error);
}

void visit_begin(SSL_CTX *context, int fd, void (*next)(struct visit *visit), void *data)
{
	struct visit *visit = g_new0(struct visit, 1);
	*visit = (struct visit){.context = context, .fd = fd, .socket = -1, .data = data};
	go_on(visit, run_arrival, next);
}

/* --- what we say: short enough to wait for nobody --- */

static bool say(struct visit *visit, JsonObject *object)
{
	g_autoptr(JsonNode) node = json_node_of(object);
	g_autofree char *text = json_text(node);
	return visit->link && migration_link_write_line(visit->link, text, NULL);
}

bool visit_say(struct visit *visit, const char *member, bool value)
{
	JsonObject *object = json_object_new();
	json_object_set_boolean_member(object, member, value);
	return say(visit, object);
}

void visit_refuse(struct visit *visit, const GError *error)
{
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "error", error->message);
	say(visit, object);
	visit_free(visit);
}

/* --- what it brings --- */

static bool pipe_write(void *data, const void *bytes, size_t n, GError **error)
{
	return migration_link_write(data, bytes, n, error);
}

static bool pipe_read(void *data, void *bytes, size_t n, GError **error)
{
	return migration_link_read_all(data, bytes, n, error);
}

struct migration_pipe visit_pipe(struct migration_link *link)
{
	return (struct migration_pipe){pipe_write, pipe_read, link};
}

static void run_files(void *data)
{
	struct visit *visit = data;
	const struct migration_pipe pipe = visit_pipe(visit->link);
	if (migration_files_receive(&visit->receiver, &pipe, &visit->error))
		return;
	/* It is told why, if it still listens. */
	if (migration_files_answer(&pipe, visit->error, NULL))
		migration_link_end(visit->link, NULL);
}

void visit_take_files(struct visit *visit, void (*next)(struct visit *visit))
{
	visit_say(visit, "ok", true);
	go_on(visit, run_files, next);
}

void visit_answer_files(struct visit *visit, const GError *trouble)
{
	const struct migration_pipe pipe = visit_pipe(visit->link);
	if (migration_files_answer(&pipe, trouble, NULL))
		migration_link_end(visit->link, NULL);
}

static bool send_all(int socket, const uint8_t *bytes, size_t n, GError **error)
{
	while (n) {
		ssize_t sent = send(socket, bytes, n, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return qvmi_error_set_errno(error, errno, "QEMU reads no more");
		bytes += sent;
		n -= (size_t)sent;
	}
	return true;
}

static void run_memory(void *data)
{
	struct visit *visit = data;
	static const size_t size = (size_t)1 << 18;
	g_autofree uint8_t *buffer = g_malloc(size);
	ssize_t n;
	while ((n = migration_link_read(visit->link, buffer, size, &visit->error)) > 0)
		if (!send_all(visit->socket, buffer, (size_t)n, &visit->error))
			break;
	/* QEMU finds that nothing more comes; it knows whether it has all. */
	shutdown(visit->socket, SHUT_RDWR);
}

void visit_take_memory(struct visit *visit, int socket, void (*next)(struct visit *visit))
{
	visit->socket = socket;
	visit_say(visit, "ok", true);
	go_on(visit, run_memory, next);
}
