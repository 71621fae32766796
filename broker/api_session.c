/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions: a package becomes a phone, an address and a grant. */
#include "broker/api.h"

#include <string.h>

#include "broker/broker.h"
#include "broker/caller.h"
#include "broker/package.h"
#include "broker/pass.h"
#include "broker/pool_client.h"
#include "broker/session.h"
#include "broker/session_policy.h"
#include "broker/stream_ender.h"
#include "common/error.h"
#include "common/client_key.h"
#include "common/json.h"
#include "common/metrics.h"

#define MODEL_MAX_SIZE 64 /* as in MTP's HELLO */
#define KEY_MAX_SIZE 128
#define LIST_MAX 1000

/* One held request for a grant, from the question to the pool to the answer. */
struct entry {
	struct broker *broker;
	struct http_request *request;
	struct session *session;
	char *application;
	bool opening;       /* a new session: allocate; else renewal: the phone is there */
	int64_t begun;      /* monotonic, us */
	JsonObject *answer; /* ready, while the application is being launched */
};

static void entry_free(struct entry *entry)
{
	session_free(entry->session);
	g_free(entry->application);
	g_clear_pointer(&entry->answer, json_object_unref);
	g_free(entry);
}
DEFINE_CLEANUP(entry);

/* Takes the session. */
static struct entry *entry_new(struct broker *broker, struct http_request *request,
    struct session *session, const struct package *package)
{
	struct entry *entry = g_new0(struct entry, 1);
	entry->broker = broker;
	entry->request = request;
	entry->session = session;
	entry->application = g_strdup(package->application);
	entry->begun = g_get_monotonic_time();
	return entry;
}

static struct session_place place_of(const struct pool_lease *lease)
{
	return (struct session_place){.lease = lease->id,
	    .phone = lease->phone,
	    .host = lease->host,
	    .mtp_address = lease->mtp_address,
	    .mtp_port = lease->mtp_port,
	    .websocket_port = lease->websocket_port};
}

static void entry_fail(struct entry *entry, const GError *error)
{
	if (entry->opening) {
		g_autoptr(GError) failure = NULL;
		metric_add(entry->broker->sessions, "failed", 1);
		if (!session_end(entry->broker->database, entry->session->id, SESSION_FAILED,
		        error->message, broker_now(entry->broker), &failure))
			g_warning("session %s: %s", entry->session->id, failure->message);
	}
	api_fail(entry->request, error);
}

static void launched(const GError *error, void *data)
{
	AUTO(entry) entry = data;
	if (error) {
		g_warning("session %s: launching %s: %s", entry->session->id, entry->application,
		    error->message);
		/* The phone is there and usable: say it, do not take it away. */
		json_object_set_string_member(entry->answer, "notice",
		    "the application did not start; start it from the phone's own menu");
	}
	api_respond(entry->request, 201, g_steal_pointer(&entry->answer));
}

static void allocated(const struct pool_lease *lease, const GError *error, void *data)
{
	AUTO(entry) entry = data;
	struct broker *broker = entry->broker;
	if (error)
		return entry_fail(entry, error);
	g_autoptr(GError) failure = NULL;
	const struct session_place place = place_of(lease);
	if (!session_open(broker->database, entry->session->id, &place, &failure) ||
	    !(entry->answer = pass_json(broker, entry->request, entry->session, &place, &failure)))
		return entry_fail(entry, failure);
	metric_add(broker->sessions, "opened", 1);
	metric_observe(
	    broker->allocation, (double)(g_get_monotonic_time() - entry->begun) / G_USEC_PER_SEC);
	g_message("session %s: %s has %s phone %s on %s", entry->session->id, entry->session->user,
	    lease->fresh ? "new" : "his", lease->phone, lease->host);
	if (!entry->application)
		return launched(NULL, g_steal_pointer(&entry));
	g_autofree char *application = g_strdup(entry->application);
	GCancellable *cancellable = http_request_cancellable(entry->request);
	pool_client_launch(broker->pool, lease->phone, application, cancellable, launched,
	    g_steal_pointer(&entry));
}

static void found(const struct pool_lease *lease, const GError *error, void *data)
{
	AUTO(entry) entry = data;
	g_autoptr(GError) failure = NULL;
	if (error)
		return entry_fail(entry, error);
	const struct session_place place = place_of(lease);
	JsonObject *pass = NULL;
	if (session_moved(entry->broker->database, entry->session->id, &place, &failure))
		pass = pass_json(entry->broker, entry->request, entry->session, &place, &failure);
	if (!pass)
		return entry_fail(entry, failure);
	api_respond(entry->request, 200, pass);
}

/* A fresh grant for a session that is open; takes it. */
static void renew(struct broker *broker, struct http_request *request, struct session *taken)
{
	g_autoptr(GError) error = NULL;
	AUTO(session) session = taken;
	AUTO(package) package = NULL;
	if (session->state != SESSION_OPEN)
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the session is %s%s%s; open a new one", session_state_name(session->state),
		    session->reason ? ": " : "", session->reason ? session->reason : "");
	else
		package =
		    package_for_user(broker->database, session->package, session->user, &error);
	if (!package)
		return api_fail(request, error);
	struct entry *entry = entry_new(broker, request, g_steal_pointer(&session), package);
	http_request_hold(request);
	pool_client_find(broker->pool, entry->session->user, package->pool, entry->session->phone,
	    http_request_cancellable(request), found, entry);
}

static bool read_terminal(JsonObject *body, struct session *session, GError **error)
{
	GError *failure = NULL;
	JsonObject *terminal = json_get_optional_object(body, "terminal", &failure);
	const char *model =
	    terminal ? json_get_optional_string(terminal, "model", MODEL_MAX_SIZE, &failure) : NULL;
	session->terminal_model = g_strdup(model);
	if (!failure && terminal &&
	    json_get_optional_int(
	        terminal, "width", 0, UINT16_MAX, 0, &session->terminal_width, &failure))
		json_get_optional_int(
		    terminal, "height", 0, UINT16_MAX, 0, &session->terminal_height, &failure);
	if (!failure)
		return true;
	g_propagate_prefixed_error(error, failure, "terminal: ");
	return false;
}

static bool read_client_key(JsonObject *body, struct session *session, GError **error)
{
	GError *failure = NULL;
	JsonObject *jwk = json_get_optional_object(body, "client_key", &failure);
	if (jwk)
		session->client_key = client_key_of_jwk(jwk, &failure);
	if (!failure)
		return true;
	g_propagate_error(error, failure);
	return false;
}

static bool read_key(struct http_request *request, const char **key, GError **error)
{
	*key = http_request_header(request, "idempotency-key");
	if (!*key || (**key && strnlen(*key, KEY_MAX_SIZE + 1) <= KEY_MAX_SIZE))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "Idempotency-Key has 1 to %d bytes",
	    KEY_MAX_SIZE);
	return false;
}

void api_session_open(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_user(broker, request, BROWSER_WRITES, &error);
	JsonObject *body = caller ? api_body(request, &error) : NULL;
	const char *id = body ? json_get_string(body, "package", 64, &error) : NULL;
	const char *key;
	AUTO(session) session = g_new0(struct session, 1);
	if (!id || !read_terminal(body, session, &error) ||
	    !read_client_key(body, session, &error) || !read_key(request, &key, &error))
		return api_fail(request, error);
	AUTO(package) package = package_for_user(broker->database, id, caller->user, &error);
	AUTO(session)
	same = package && key ? session_find_by_key(broker->database, caller->user, key, &error)
	                      : NULL;
	if (same)
		return renew(broker, request, g_steal_pointer(&same));
	session->user = g_strdup(caller->user);
	session->token = g_strdup(caller->token);
	session->package = g_strdup(id);
	session->idempotency_key = g_strdup(key);
	struct session_policy policy;
	if (error || !session_policy_load(broker->database, id, &policy, &error) ||
	    !session_policy_make_room(
	        broker->database, &policy, caller->user, id, broker_now(broker), &error) ||
	    !session_begin(broker->database, session, broker_now(broker), &error))
		return api_fail(request, error);
	stream_ender_run(broker->streams); /* the oldest of too many has been closed */
	struct entry *entry = entry_new(broker, request, g_steal_pointer(&session), package);
	entry->opening = true;
	http_request_hold(request);
	pool_client_allocate(broker->pool, entry->session->user, package->pool, entry->session->id,
	    http_request_cancellable(request), allocated, entry);
}

void api_session_grant(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_user(broker, request, BROWSER_WRITES, &error);
	AUTO(session)
	session = caller ? session_find(broker->database, http_request_parameter(request, "id"),
	                       caller->user, &error)
	                 : NULL;
	if (!session)
		return api_fail(request, error);
	renew(broker, request, g_steal_pointer(&session));
}

static JsonObject *session_json(const struct session *session)
{
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "session", session->id);
	json_object_set_string_member(object, "user", session->user);
	json_object_set_string_member(object, "package", session->package);
	json_object_set_string_member(object, "state", session_state_name(session->state));
	if (session->reason)
		json_object_set_string_member(object, "reason", session->reason);
	if (session->phone) {
		JsonObject *phone = json_object_new();
		json_object_set_string_member(phone, "uuid", session->phone);
		json_object_set_object_member(object, "phone", phone);
		json_object_set_string_member(object, "host", session->host);
	}
	JsonObject *terminal = json_object_new();
	if (session->terminal_model)
		json_object_set_string_member(terminal, "model", session->terminal_model);
	json_object_set_int_member(terminal, "width", session->terminal_width);
	json_object_set_int_member(terminal, "height", session->terminal_height);
	json_object_set_object_member(object, "terminal", terminal);
	g_autofree char *created = api_time(session->created);
	json_object_set_string_member(object, "created", created);
	if (session->ended) {
		g_autofree char *ended = api_time(session->ended);
		json_object_set_string_member(object, "ended", ended);
	}
	return object;
}

void api_session_list(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	int64_t all, live, limit;
	if (!api_query_int(request, "all", 0, 1, 0, &all, &error) ||
	    !api_query_int(request, "live", 0, 1, 0, &live, &error) ||
	    !api_query_int(request, "limit", 1, LIST_MAX, 100, &limit, &error))
		return api_fail(request, error);
	AUTO(caller)
	caller = all ? caller_identify_admin(broker, request, BROWSER_READS, &error)
	             : caller_identify_user(broker, request, BROWSER_READS, &error);
	g_autoptr(GPtrArray) sessions =
	    caller ? session_list(broker->database, all ? NULL : caller->user, live != 0,
	                 (unsigned)limit, &error)
	           : NULL;
	if (!sessions)
		return api_fail(request, error);
	JsonArray *array = json_array_sized_new(sessions->len);
	for (unsigned i = 0; i < sessions->len; i++)
		json_array_add_object_element(array, session_json(sessions->pdata[i]));
	JsonObject *object = json_object_new();
	json_object_set_array_member(object, "sessions", array);
	api_respond(request, 200, object);
}

void api_session_close(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify(broker, request, BROWSER_WRITES, &error);
	AUTO(session)
	session = caller ? session_find(broker->database, http_request_parameter(request, "id"),
	                       caller->admin ? NULL : caller->user, &error)
	                 : NULL;
	if (!session ||
	    !session_end(broker->database, session->id, SESSION_CLOSED,
	        g_strcmp0(caller->user, session->user) ? "closed by an administrator" : "closed",
	        broker_now(broker), &error))
		return api_fail(request, error);
	stream_ender_run(broker->streams);
	http_respond_empty(request, 204);
}
