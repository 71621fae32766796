/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/front.h"

#include "common/json.h"
#include "common/metrics.h"
#include "mtp-server/connection.h"

#define CONNECTIONS_MAX 1024
/* Not admitted yet: in all, and from one address. Many people may share an address. */
#define HALF_OPEN_MAX 256
#define HALF_OPEN_ADDRESS_MAX 16
#define LEDGER_MAX 65536 /* grants used within their lifetime */

struct front {
	struct admission admission;
	char *host;
	struct worker_pool *pool;
	GPtrArray *connections; /* struct connection; owned */
	struct metric *live, *refused;
};

static void count_live(struct front *front)
{
	unsigned n = 0;
	for (guint i = 0; i < front->connections->len; i++)
		n += connection_is_admitted(front->connections->pdata[i]);
	metric_set(front->live, NULL, n);
}

/* Does another terminal drive this phone? */
static bool is_driven(const struct front *front, const struct connection *connection)
{
	for (guint i = 0; i < front->connections->len; i++) {
		const struct connection *other = front->connections->pdata[i];
		if (other != connection && connection_drives(other) &&
		    g_str_equal(connection_phone(other), connection_phone(connection)) &&
		    !g_str_equal(connection_session(other), connection_session(connection)))
			return true;
	}
	return false;
}

/* The newest connection of a session replaces the ones before it; what becomes of other sessions'
 * on the same phone the grant says. */
static void on_admitted(struct connection *connection, void *data)
{
	struct front *front = data;
	const char *session = connection_session(connection), *phone = connection_phone(connection);
	const char *second = connection_second(connection);
	bool takes_over = g_strcmp0(second, "take-over") == 0;
	if (g_strcmp0(second, "look-on") == 0 && is_driven(front, connection))
		connection_look_on(connection);
	for (guint i = 0; i < front->connections->len; i++) {
		struct connection *other = front->connections->pdata[i];
		if (other == connection || !connection_is_admitted(other))
			continue;
		if (g_str_equal(connection_session(other), session))
			connection_bye(
			    other, MTP_BYE_ENDED, "the same session has been opened elsewhere");
		else if (takes_over && g_str_equal(connection_phone(other), phone))
			connection_bye(
			    other, MTP_BYE_ENDED, "another terminal of yours has taken over");
	}
	count_live(front);
}

static void on_ended(struct connection *connection, void *data)
{
	struct front *front = data;
	if (!connection_is_admitted(connection))
		metric_add(front->refused, NULL, 1);
	g_ptr_array_remove(front->connections, connection);
	count_live(front);
}

struct front *front_new(
    const struct grant_key_file *keys, const char *host, struct worker_pool *pool)
{
	struct front *front = g_new0(struct front, 1);
	front->host = g_strdup(host);
	front->pool = pool;
	front->connections = g_ptr_array_new_with_free_func((GDestroyNotify)connection_free);
	front->admission = (struct admission){.keys = keys,
	    .ledger = grant_ledger_new(LEDGER_MAX),
	    .host = front->host,
	    .devices = devices_new_built_in()};
	front->live = metric_gauge("qvmi_mtp_sessions", "Terminals that see a phone.", NULL);
	front->refused = metric_counter(
	    "qvmi_mtp_refused_total", "Connections that ended without being admitted.", NULL);
	return front;
}

bool front_remember(struct front *front, const char *path, GError **error)
{
	struct grant_ledger *ledger =
	    grant_ledger_open(LEDGER_MAX, path, g_get_real_time() / G_USEC_PER_SEC, error);
	if (!ledger)
		return false;
	grant_ledger_free(front->admission.ledger);
	front->admission.ledger = ledger;
	return true;
}

void front_free(struct front *front)
{
	if (!front)
		return;
	g_ptr_array_unref(front->connections);
	grant_ledger_free(front->admission.ledger);
	devices_free(front->admission.devices);
	g_free(front->host);
	g_free(front);
}

void front_accept(struct stream *stream, void *data)
{
	static const struct connection_events events = {.admitted = on_admitted, .ended = on_ended};
	struct front *front = data;
	unsigned half_open = 0, same = 0;
	for (guint i = 0; i < front->connections->len; i++) {
		struct connection *other = front->connections->pdata[i];
		if (connection_is_admitted(other))
			continue;
		half_open++;
		same += g_str_equal(connection_address(other), stream->address);
	}
	struct connection *connection =
	    connection_new(stream, &front->admission, front->pool, &events, front);
	g_ptr_array_add(front->connections, connection);
	if (front->connections->len > CONNECTIONS_MAX || half_open >= HALF_OPEN_MAX ||
	    same >= HALF_OPEN_ADDRESS_MAX)
		connection_bye(
		    connection, MTP_BYE_OVERLOADED, "too many connections; try again in a moment");
}

JsonNode *front_sessions(struct front *front)
{
	JsonArray *array = json_array_new();
	for (guint i = 0; i < front->connections->len; i++)
		if (connection_is_admitted(front->connections->pdata[i]))
			json_array_add_object_element(
			    array, connection_json(front->connections->pdata[i]));
	JsonObject *object = json_object_new();
	json_object_set_array_member(object, "sessions", array);
	return json_node_of(object);
}

bool front_end_session(struct front *front, const char *session)
{
	bool found = false;
	for (guint i = 0; i < front->connections->len; i++) {
		struct connection *connection = front->connections->pdata[i];
		if (g_strcmp0(connection_session(connection), session) != 0)
			continue;
		found = true;
		connection_bye(connection, MTP_BYE_ENDED, "an administrator has ended the session");
	}
	return found;
}

void front_say_bye(struct front *front)
{
	for (guint i = 0; i < front->connections->len; i++)
		connection_bye(front->connections->pdata[i], MTP_BYE_ENDED,
		    "this host's display server is going down");
}
