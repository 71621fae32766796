/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/migration.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/arrival.h"
#include "qvisor/phone_table.h"

#define BACKLOG 16
#define VISITS_MAX 64 /* connections whose wish is not known yet */
#define EXPECT_S 60

struct migration {
	struct host *host;
	SSL_CTX *server, *client;
	char *place; /* "HOST:PORT", as other hosts reach us */
	int fd;
	guint source;
	unsigned visits;
	GHashTable *arrivals; /* ticket -> struct expected * */
};

struct expected {
	struct migration *migration;
	struct arrival *arrival;
	guint expiry;
};

static void expected_free(void *pointer)
{
	struct expected *expected = pointer;
	g_clear_handle_id(&expected->expiry, g_source_remove);
	arrival_free(expected->arrival);
	g_free(expected);
}

static void on_ended(void *data, struct arrival *arrival)
{
	struct migration *migration = data;
	g_hash_table_remove(migration->arrivals, arrival_ticket(arrival));
}

static gboolean on_expiry(void *data)
{
	struct expected *expected = data;
	expected->expiry = 0;
	if (!arrival_has_begun(expected->arrival))
		on_ended(expected->migration, expected->arrival);
	return G_SOURCE_REMOVE;
}

static JsonNode *invitation(const struct migration *migration, const struct arrival *arrival)
{
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "ticket", arrival_ticket(arrival));
	json_object_set_string_member(object, "to", migration->place);
	return json_node_of(object);
}

static const struct arrival *find_expected(
    const struct migration *migration, const char *uuid, const char *from)
{
	GHashTableIter iterator;
	void *value;
	g_hash_table_iter_init(&iterator, migration->arrivals);
	while (g_hash_table_iter_next(&iterator, NULL, &value)) {
		const struct arrival *arrival = ((struct expected *)value)->arrival;
		if (!strcmp(arrival_uuid(arrival), uuid) && !strcmp(arrival_from(arrival), from) &&
		    !arrival_has_begun(arrival))
			return arrival;
	}
	return NULL;
}

JsonNode *migration_expect(
    struct migration *migration, const char *uuid, const char *from, GError **error)
{
	if (phone_table_find(migration->host->phones, uuid, NULL)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone %s is on this host, or just coming", uuid);
		return NULL;
	}
	const struct arrival *known = find_expected(migration, uuid, from);
	if (known)
		return invitation(migration, known);
	struct expected *expected = g_new0(struct expected, 1);
	expected->migration = migration;
	expected->arrival = arrival_new(migration->host, uuid, from);
	expected->expiry = g_timeout_add_seconds(EXPECT_S, on_expiry, expected);
	arrival_set_end(expected->arrival, on_ended, migration);
	g_hash_table_insert(
	    migration->arrivals, (char *)(uintptr_t)arrival_ticket(expected->arrival), expected);
	return invitation(migration, expected->arrival);
}

/* --- visits --- */

static void visit_stranger(struct migration *migration, struct visit *visit)
{
	g_autoptr(GError) error = NULL;
	if (!strcmp(visit->purpose, "done")) {
		arrival_forget(migration->host, visit->ticket);
		visit_say(visit, "ok", true);
		visit_free(visit);
	} else if (!strcmp(visit->purpose, "run")) {
		/* Once it is not expected any more there is nothing that could still be taken. */
		visit_say(visit, "runs", arrival_was_taken(migration->host, visit->ticket));
		visit_free(visit);
	} else {
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_DENIED,
		    "host %s does not expect this phone (any more)", migration->host->id);
		visit_refuse(visit, error);
	}
}

static void on_visit(struct visit *visit)
{
	struct migration *migration = visit->data;
	migration->visits--;
	if (visit->error) {
		g_message("another host's connection: %s", visit->error->message);
		g_autoptr(GError) error = g_steal_pointer(&visit->error);
		visit_refuse(visit, error);
		return;
	}
	const struct expected *expected = g_hash_table_lookup(migration->arrivals, visit->ticket);
	if (expected)
		arrival_visit(expected->arrival, visit);
	else
		visit_stranger(migration, visit);
}

static gboolean on_connection(int listener, GIOCondition condition, void *data)
{
	(void)condition;
	struct migration *migration = data;
	AUTO_FD fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0)
		return G_SOURCE_CONTINUE;
	if (migration->visits >= VISITS_MAX) {
		g_warning(
		    "more than %d hosts want something at once; one is turned away", VISITS_MAX);
		return G_SOURCE_CONTINUE;
	}
	migration->visits++;
	visit_begin(migration->server, fd_steal(&fd), on_visit, migration);
	return G_SOURCE_CONTINUE;
}

/* --- */

static bool open_listener(
    struct migration *migration, const char *address, uint16_t port, GError **error)
{
	g_autoptr(GSocketAddress) at = g_inet_socket_address_new_from_string(address, port);
	struct sockaddr_storage native;
	int on = 1;
	if (!at || !g_socket_address_to_native(at, &native, sizeof(native), NULL)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "migration.address: \"%s\" is no IP address to listen on", address);
		return false;
	}
	migration->fd = socket(native.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (migration->fd >= 0 &&
	    !setsockopt(migration->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) &&
	    !bind(migration->fd, (struct sockaddr *)&native,
	        (socklen_t)g_socket_address_get_native_size(at)) &&
	    !listen(migration->fd, BACKLOG))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "cannot listen on %s port %u: %s",
	    address, port, g_strerror(errno));
	return false;
}

/* As the pool reaches us, so do other hosts. */
static char *own_place(const struct config *config, uint16_t port)
{
	const char *url = config_string(config, "pool", "own-url");
	g_autoptr(GUri) uri = url ? g_uri_parse(url, G_URI_FLAGS_NONE, NULL) : NULL;
	const char *host =
	    uri ? g_uri_get_host(uri) : config_string(config, "migration", "address");
	return g_strdup_printf(strchr(host, ':') ? "[%s]:%u" : "%s:%u", host, port);
}

static bool open_contexts(struct migration *migration, const struct config *config, GError **error)
{
	static const char *const needed[][2] = {{"listen", "certificate"}, {"listen", "key"},
	    {"listen", "client-ca"}, {"pool", "certificate"}, {"pool", "key"}, {"pool", "ca"}};
	const char *files[G_N_ELEMENTS(needed)];
	for (unsigned i = 0; i < G_N_ELEMENTS(needed); i++) {
		files[i] = config_string(config, needed[i][0], needed[i][1]);
		if (files[i])
			continue;
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "migration.address needs %s.%s: see --help-config", needed[i][0], needed[i][1]);
		return false;
	}
	migration->server = migration_link_context(files[0], files[1], files[2], error);
	migration->client =
	    migration->server ? migration_link_context(files[3], files[4], files[5], error) : NULL;
	return migration->client;
}

struct migration *migration_open(struct host *host, const struct config *config, GError **error)
{
	const char *address = config_string(config, "migration", "address");
	uint16_t port = config_int(config, "migration", "port");
	if (!address)
		return NULL;
	AUTO(migration) migration = g_new0(struct migration, 1);
	migration->host = host;
	migration->fd = -1;
	migration->arrivals = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, expected_free);
	migration->place = own_place(config, port);
	if (!open_contexts(migration, config, error) ||
	    !open_listener(migration, address, port, error))
		return NULL;
	migration->source = g_unix_fd_add(migration->fd, G_IO_IN, on_connection, migration);
	return g_steal_pointer(&migration);
}

void migration_free(struct migration *migration)
{
	if (!migration)
		return;
	g_clear_handle_id(&migration->source, g_source_remove);
	g_hash_table_unref(migration->arrivals);
	fd_cleanup(&migration->fd);
	SSL_CTX_free(migration->server);
	SSL_CTX_free(migration->client);
	g_free(migration->place);
	g_free(migration);
}

SSL_CTX *migration_certificate(const struct migration *migration)
{
	return migration->client;
}
