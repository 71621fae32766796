/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/pool_client.h"

#include "common/error.h"
#include "common/json.h"

#define RETRY_MS 500

struct pool_client {
	struct http_client *http;
	GHashTable *calls; /* set of struct call: those that wait between two attempts */
};

/* One question, which may take several attempts. */
struct call {
	struct pool_client *client;
	char *user, *pool, *key;
	GCancellable *cancellable;
	int64_t begun;  /* monotonic, us */
	unsigned retry; /* source id while waiting for the next attempt */
	pool_lease_fn leased;
	pool_done_fn done;
	void *data;
};

static void call_free(struct call *call)
{
	if (call->retry)
		g_source_remove(call->retry);
	g_clear_object(&call->cancellable);
	g_free(call->user);
	g_free(call->pool);
	g_free(call->key);
	g_free(call);
}

struct pool_client *pool_client_new(const struct http_client_options *options, GError **error)
{
	AUTO(pool_client) client = g_new0(struct pool_client, 1);
	client->calls = g_hash_table_new(NULL, NULL);
	client->http = http_client_new(options, error);
	return client->http ? g_steal_pointer(&client) : NULL;
}

static void fail(struct call *call, const GError *error)
{
	call->leased(NULL, error, call->data);
	call_free(call);
}

void pool_client_free(struct pool_client *client)
{
	if (!client)
		return;
	g_clear_pointer(&client->http, http_client_free);
	g_autoptr(GError) error =
	    g_error_new(QVMI_ERROR, QVMI_ERROR_CANCELLED, "the broker is being stopped");
	g_autoptr(GList) waiting = g_hash_table_get_keys(client->calls);
	for (GList *item = waiting; item; item = item->next)
		fail(item->data, error);
	g_hash_table_destroy(client->calls);
	g_free(client);
}

static struct call *call_new(struct pool_client *client, const char *user,
    GCancellable *cancellable, pool_lease_fn leased, void *data)
{
	struct call *call = g_new0(struct call, 1);
	call->client = client;
	call->user = g_strdup(user);
	call->cancellable = cancellable ? g_object_ref(cancellable) : NULL;
	call->begun = g_get_monotonic_time();
	call->leased = leased;
	call->data = data;
	return call;
}

/* --- reading poold's answers --- */

/* Fills `lease` with what belongs to `object`. *state: of the phone. */
static bool lease_read(
    JsonObject *object, struct pool_lease *lease, const char **state, GError **error)
{
	JsonObject *phone = json_get_object(object, "phone", error);
	JsonObject *host = phone ? json_get_object(object, "host", error) : NULL;
	JsonObject *mtp = host ? json_get_object(host, "mtp", error) : NULL;
	int64_t port, websocket_port;
	if (!mtp || !(lease->id = json_get_string(object, "id", 128, error)) ||
	    !(lease->phone = json_get_string(phone, "uuid", 36, error)) ||
	    !(*state = json_get_string(phone, "state", 32, error)) ||
	    !(lease->host = json_get_string(host, "id", 64, error)) ||
	    !json_get_int(mtp, "port", 1, UINT16_MAX, &port, error) ||
	    !json_get_int(mtp, "websocket_port", 1, UINT16_MAX, &websocket_port, error) ||
	    !json_get_optional_bool(object, "fresh", false, &lease->fresh, error))
		return false;
	g_autoptr(GError) failure = NULL;
	lease->mtp_address = json_get_optional_string(mtp, "address", 255, &failure);
	if (failure) {
		g_propagate_error(error, g_steal_pointer(&failure));
		return false;
	}
	if (!lease->mtp_address)
		lease->mtp_address = "";
	lease->mtp_port = (uint16_t)port;
	lease->websocket_port = (uint16_t)websocket_port;
	/* Only an ended lease has the member; a replayed idempotency key can lead to one. */
	if (!json_object_has_member(object, "ended"))
		return true;
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "the lease has ended");
	return false;
}

static JsonObject *reply_object(const struct http_reply *reply, GError **error)
{
	if (reply->json && JSON_NODE_HOLDS_OBJECT(reply->json))
		return json_node_get_object(reply->json);
	g_set_error_literal(
	    error, QVMI_ERROR, QVMI_ERROR_FAILED, "the answer is not a JSON object");
	return NULL;
}

/* --- allocate --- */

static void allocate_attempt(struct call *call);

/* Does the phone run, or (*running false) will it, when it is asked for again? */
static bool check_state(const char *state, bool *running, GError **error)
{
	static const char *const passing[] = {"creating", "stopping", "suspended", "off", NULL};
	*running = g_str_equal(state, "running");
	if (*running || g_strv_contains(passing, state))
		return true;
	bool unknown = g_str_equal(state, "unknown");
	g_set_error(error, QVMI_ERROR, unknown ? QVMI_ERROR_UNAVAILABLE : QVMI_ERROR_FAILED,
	    unknown ? "the phone's host does not answer" : "the phone is %s", state);
	return false;
}

static gboolean allocate_again(void *data)
{
	struct call *call = data;
	call->retry = 0;
	g_hash_table_remove(call->client->calls, call);
	allocate_attempt(call);
	return G_SOURCE_REMOVE;
}

static double waited_s(const struct call *call)
{
	return (double)(g_get_monotonic_time() - call->begun) / G_USEC_PER_SEC;
}

static void retry_later(struct call *call)
{
	call->retry = g_timeout_add(RETRY_MS, allocate_again, call);
	g_hash_table_add(call->client->calls, call);
}

/* poold's words are for administrators; the user reads what he can do. */
static GError *explain(const struct call *call, const GError *error)
{
	if (g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return g_error_copy(error);
	g_warning(
	    "allocating a phone of pool %s for %s: %s", call->pool, call->user, error->message);
	if (g_error_matches(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED))
		return g_error_new(QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "every phone of pool %s is in use; try again later, or ask your administrator "
		    "for "
		    "more",
		    call->pool);
	if (g_error_matches(error, QVMI_ERROR, QVMI_ERROR_TIMEOUT))
		return g_error_new(QVMI_ERROR, QVMI_ERROR_TIMEOUT,
		    "no phone was ready within %d s; try again in a minute", POOL_WAIT_S);
	if (g_error_matches(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE))
		return g_error_new_literal(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "phones can not be had at this moment: the pool manager or its host does not "
		    "answer; try again in a minute");
	return g_error_new(QVMI_ERROR, QVMI_ERROR_FAILED,
	    "no phone could be had from pool %s; tell your administrator, the broker's log says "
	    "why",
	    call->pool);
}

static void fail_explained(struct call *call, const GError *error)
{
	g_autoptr(GError) explained = explain(call, error);
	fail(call, explained);
}

static void allocate_failed(struct call *call, const GError *error)
{
	if (g_error_matches(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE) &&
	    waited_s(call) < POOL_AWAY_S)
		return retry_later(call);
	fail_explained(call, error);
}

static void allocate_answered(const struct http_reply *reply, const GError *error, void *data)
{
	struct call *call = data;
	if (error)
		return allocate_failed(call, error);
	g_autoptr(GError) failure = NULL;
	struct pool_lease lease = {0};
	const char *state;
	bool running;
	JsonObject *object = reply_object(reply, &failure);
	if (!object || !lease_read(object, &lease, &state, &failure) ||
	    !check_state(state, &running, &failure)) {
		g_prefix_error(&failure, "poold: lease: ");
		return allocate_failed(call, failure);
	}
	if (!running)
		return retry_later(call); /* the deadline is checked before the next attempt */
	call->leased(&lease, NULL, call->data);
	call_free(call);
}

static void allocate_attempt(struct call *call)
{
	double left_s = POOL_WAIT_S - waited_s(call);
	g_autoptr(GError) error = NULL;
	if (g_cancellable_is_cancelled(call->cancellable))
		error = g_error_new(QVMI_ERROR, QVMI_ERROR_CANCELLED, "the terminal went away");
	else if (left_s < 1)
		error =
		    g_error_new(QVMI_ERROR, QVMI_ERROR_TIMEOUT, "the phone did not get running");
	if (error)
		return fail_explained(call, error);
	JsonObject *body = json_object_new();
	json_object_set_string_member(body, "user", call->user);
	json_object_set_string_member(body, "pool", call->pool);
	json_object_set_string_member(body, "slot", "default");
	struct http_call request = {
	    .method = "POST",
	    .path = "/v1/leases",
	    .body = json_node_of(body),
	    .idempotency_key = call->key,
	    .timeout_ms = (unsigned)(left_s * 1000),
	};
	http_client_call(call->client->http, &request, call->cancellable, allocate_answered, call);
}

void pool_client_allocate(struct pool_client *client, const char *user, const char *pool,
    const char *idempotency_key, GCancellable *cancellable, pool_lease_fn done, void *data)
{
	struct call *call = call_new(client, user, cancellable, done, data);
	call->pool = g_strdup(pool);
	call->key = g_strdup(idempotency_key);
	allocate_attempt(call);
}

/* --- find --- */

/* The one lease of the answer whose phone runs. */
static bool find_read(const struct http_reply *reply, struct pool_lease *lease, GError **error)
{
	JsonObject *object = reply_object(reply, error);
	JsonArray *leases = object ? json_get_array(object, "leases", 1024, error) : NULL;
	const char *state;
	if (!leases)
		return false;
	if (json_array_get_length(leases) == 0) {
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "you no longer hold this phone; open a new session");
		return false;
	}
	JsonNode *first = json_array_get_element(leases, 0);
	if (!JSON_NODE_HOLDS_OBJECT(first)) {
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_FAILED, "not an object");
		return false;
	}
	if (!lease_read(json_node_get_object(first), lease, &state, error))
		return false;
	if (g_str_equal(state, "running"))
		return true;
	if (g_str_equal(state, "unknown"))
		g_set_error_literal(
		    error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "the phone's host does not answer");
	else
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone does not run; open a new session, which starts it");
	return false;
}

static void find_answered(const struct http_reply *reply, const GError *error, void *data)
{
	struct call *call = data;
	g_autoptr(GError) failure = NULL;
	struct pool_lease lease = {0};
	if (error)
		return fail_explained(call, error);
	if (find_read(reply, &lease, &failure)) {
		call->leased(&lease, NULL, call->data);
		return call_free(call);
	}
	/* A conflict is the user's own affair, and in his words. */
	if (g_error_matches(failure, QVMI_ERROR, QVMI_ERROR_CONFLICT))
		return fail(call, failure);
	g_prefix_error(&failure, "poold: leases: ");
	fail_explained(call, failure);
}

void pool_client_find(struct pool_client *client, const char *user, const char *pool,
    const char *phone, GCancellable *cancellable, pool_lease_fn done, void *data)
{
	struct call *call = call_new(client, user, cancellable, done, data);
	call->pool = g_strdup(pool);
	g_autofree char *path = http_path("/v1/leases?user=%s&phone=%s", user, phone);
	struct http_call request = {.method = "GET", .path = path};
	http_client_call(client->http, &request, cancellable, find_answered, call);
}

/* --- launch, end a stream --- */

static void done_answered(const struct http_reply *reply, const GError *error, void *data)
{
	struct call *call = data;
	(void)reply;
	call->done(error, call->data);
	call_free(call);
}

/* Takes the body. */
static void call_done(struct pool_client *client, const char *method, const char *path,
    JsonNode *body, GCancellable *cancellable, pool_done_fn done, void *data)
{
	struct call *call = call_new(client, NULL, cancellable, NULL, data);
	struct http_call request = {.method = method, .path = path, .body = body};
	call->done = done;
	http_client_call(client->http, &request, cancellable, done_answered, call);
}

void pool_client_launch(struct pool_client *client, const char *phone, const char *application,
    GCancellable *cancellable, pool_done_fn done, void *data)
{
	JsonObject *body = json_object_new();
	json_object_set_string_member(body, "id", application);
	g_autofree char *path = http_path("/v1/phones/%s/applications", phone);
	call_done(client, "POST", path, json_node_of(body), cancellable, done, data);
}

void pool_client_end_stream(struct pool_client *client, const char *phone, const char *session,
    GCancellable *cancellable, pool_done_fn done, void *data)
{
	g_autofree char *path = http_path("/v1/phones/%s/sessions/%s", phone, session);
	call_done(client, "DELETE", path, NULL, cancellable, done, data);
}
