/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/move.h"

#include "common/error.h"
#include "common/json.h"
#include "pool/record_volume.h"

#define WATCH_MS 1000 /* between two looks at how far it is */
#define WATCH_TIMEOUT_MS 10000

void move_free(struct move *move)
{
	g_free(move->from);
	g_free(move->to);
	g_free(move->stage);
	g_free(move->problem);
	g_free(move->operation);
	g_clear_pointer(&move->result, json_node_unref);
	g_free(move);
}

const struct move *move_of(struct manager *m, const char *uuid)
{
	return g_hash_table_lookup(m->moves, uuid);
}

static void set_text(char **to, const char *text)
{
	char *copy = g_strdup(text);

	g_free(*to);
	*to = copy;
}

/* --- one that is under way --- */

struct moving {
	struct manager *manager;
	char *uuid, *from, *to;
	work_fn done;
	void *data;
};

static struct move *move_in(const struct moving *moving)
{
	return g_hash_table_lookup(moving->manager->moves, moving->uuid);
}

static void moving_end(struct moving *moving, const GError *error)
{
	moving->done(error, moving->data);
	g_free(moving->uuid);
	g_free(moving->from);
	g_free(moving->to);
	g_free(moving);
}

static void end(struct moving *moving, const char *state, const GError *error)
{
	struct move *move = move_in(moving);

	move->state = state;
	if (error)
		set_text(&move->problem, error->message);
	moving_end(moving, error);
}

/* It is where it was. */
static void stays(struct moving *moving, const GError *error)
{
	g_autoptr(GError) failure = NULL;

	if (!phone_record_set_moving(moving->manager->db, moving->uuid, NULL, &failure))
		g_warning("phone %s: %s", moving->uuid, failure->message);
	end(moving, error->code == QVMI_ERROR_CANCELLED ? "cancelled" : "failed", error);
}

/* The worker looks at both hosts, for as long as it takes. */
static void nobody_knows(struct moving *moving, const GError *error)
{
	g_autoptr(GError) unknown = g_error_new(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
	    "it is not known yet whether the phone is on host '%s' or '%s': %s", moving->from,
	    moving->to, error->message);

	end(moving, "running", unknown);
}

/* With its user's volume, which goes where it goes. */
static bool record_place(struct database *db, const char *uuid, const char *host, GError **error)
{
	if (!database_begin(db, error))
		return false;
	if (phone_record_set_host(db, uuid, host, error) &&
	    volume_record_set_host(db, uuid, host, error) && database_commit(db, error))
		return true;
	database_rollback(db);
	return false;
}

/* What a host that it has left said of it is over; what the other says comes with its next list. */
static bool record_moved(
    struct manager *m, const char *uuid, const char *from, const char *to, GError **error)
{
	struct host *old = manager_host(m, from, NULL);

	if (!record_place(m->db, uuid, to, error))
		return false;
	if (old)
		g_hash_table_remove(old->phones, uuid);
	g_message("phone %s is on host %s now, was on %s", uuid, to, from);
	return true;
}

static void described(const struct http_reply *reply, const GError *cause, void *data)
{
	struct moving *moving = data;
	struct host *host = manager_host(moving->manager, moving->to, NULL);
	g_autoptr(GError) error = NULL;

	if (!cause && host && reply->json && JSON_NODE_HOLDS_OBJECT(reply->json)) {
		struct phone_truth *truth =
		    phone_truth_parse(json_node_get_object(reply->json), NULL);
		if (truth && g_str_equal(truth->uuid, moving->uuid))
			g_hash_table_replace(host->phones, truth->uuid, truth);
		else
			phone_truth_free(truth);
	}
	if (record_moved(moving->manager, moving->uuid, moving->from, moving->to, &error))
		end(moving, "succeeded", NULL);
	else
		nobody_knows(moving, error);
}

static void ask(
    struct moving *moving, const char *host, const struct http_call *call, http_reply_fn done)
{
	g_autoptr(GError) error = NULL;
	struct host *h = manager_host(moving->manager, host, &error);

	if (h) {
		host_call(h, HOST_QVISORD, call, NULL, done, moving);
		return;
	}
	if (call->body)
		json_node_unref(call->body);
	done(NULL, error, moving);
}

static void watch(struct moving *moving);

static void ended(struct moving *moving, const char *state, JsonObject *operation)
{
	JsonObject *problem = json_get_optional_object(operation, "error", NULL);
	const char *detail =
	    problem ? json_get_optional_string(problem, "detail", 65536, NULL) : NULL;
	struct move *move = move_in(moving);
	g_autoptr(GError) error = NULL;
	g_autofree char *path = http_path("/v1/phones/%s", moving->uuid);

	if (g_str_equal(state, "succeeded")) {
		if (json_object_has_member(operation, "result"))
			move->result = json_node_copy(json_object_get_member(operation, "result"));
		ask(moving, moving->to, &(struct http_call){.method = "GET", .path = path},
		    described);
		return;
	}
	g_set_error(&error, QVMI_ERROR,
	    g_str_equal(state, "cancelled") ? QVMI_ERROR_CANCELLED : QVMI_ERROR_FAILED, "%s",
	    detail ? detail : "the host does not say why");
	stays(moving, error);
}

static void watched(const struct http_reply *reply, const GError *error, void *data)
{
	struct moving *moving = data;
	JsonObject *operation = !error && reply->json && JSON_NODE_HOLDS_OBJECT(reply->json)
	                            ? json_node_get_object(reply->json)
	                            : NULL;
	const char *state =
	    operation ? json_get_optional_string(operation, "state", 16, NULL) : NULL;
	struct move *move = move_in(moving);
	g_autoptr(GError) senseless = NULL;

	if (!state) {
		if (!error)
			g_set_error_literal(&senseless, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
			    "its host's answer makes no sense");
		nobody_knows(moving, error ? error : senseless);
		return;
	}
	if (json_object_has_member(operation, "progress"))
		move->progress =
		    json_object_get_double_member_with_default(operation, "progress", 0);
	set_text(&move->stage, json_get_optional_string(operation, "stage", 64, NULL));
	if (g_str_equal(state, "running"))
		watch(moving);
	else
		ended(moving, state, operation);
}

static void watch(struct moving *moving)
{
	g_autofree char *path =
	    g_strdup_printf("/v1/operations/%s?wait_ms=%d", move_in(moving)->operation, WATCH_MS);

	ask(moving, moving->from,
	    &(struct http_call){.method = "GET", .path = path, .timeout_ms = WATCH_TIMEOUT_MS},
	    watched);
}

/* A refusal is one; an answer that is lost may be of a phone that is on its way. */
static bool is_refusal(const GError *error)
{
	return error->code != QVMI_ERROR_UNAVAILABLE && error->code != QVMI_ERROR_TIMEOUT &&
	       error->code != QVMI_ERROR_CANCELLED;
}

static void begun(const struct http_reply *reply, const GError *error, void *data)
{
	struct moving *moving = data;
	JsonObject *operation = !error && reply->json && JSON_NODE_HOLDS_OBJECT(reply->json)
	                            ? json_node_get_object(reply->json)
	                            : NULL;
	const char *id = operation ? json_get_optional_string(operation, "id", 64, NULL) : NULL;
	g_autoptr(GError) senseless = NULL;

	if (id && g_uuid_string_is_valid(id)) {
		set_text(&move_in(moving)->operation, id);
		watch(moving);
		return;
	}
	if (!error)
		g_set_error_literal(&senseless, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "its host's answer makes no sense");
	if (error && is_refusal(error))
		stays(moving, error);
	else
		nobody_knows(moving, error ? error : senseless);
}

/* A volume that is recorded with it and is not comes to no other host, nor one that is not
 * recorded: the host is told which one it is. */
static JsonObject *departure_body(
    const struct moving *moving, const char *to, const char *ticket, GError **out)
{
	g_autoptr(GError) error = NULL;
	AUTO(volume_record)
	volume = volume_record_of_phone(moving->manager->db, moving->uuid, &error);
	JsonObject *body;

	if (error) {
		g_propagate_error(out, g_steal_pointer(&error));
		return NULL;
	}
	body = json_object_new();
	json_object_set_string_member(body, "to", to);
	json_object_set_string_member(body, "ticket", ticket);
	json_object_set_string_member(body, "volume", volume ? volume->id : "none");
	return body;
}

static void expected(const struct http_reply *reply, const GError *error, void *data)
{
	struct moving *moving = data;
	JsonObject *answer = !error && reply->json && JSON_NODE_HOLDS_OBJECT(reply->json)
	                         ? json_node_get_object(reply->json)
	                         : NULL;
	g_autofree char *path = http_path("/v1/phones/%s/migrate", moving->uuid);
	g_autoptr(GError) senseless = NULL;
	const char *ticket = answer ? json_get_string(answer, "ticket", 64, &senseless) : NULL;
	const char *to = ticket ? json_get_string(answer, "to", 300, &senseless) : NULL;
	JsonObject *body = to ? departure_body(moving, to, ticket, &senseless) : NULL;

	/* Nothing has been asked of the host that has it. */
	if (!body) {
		stays(moving, error ? error : senseless);
		return;
	}
	ask(moving, moving->from,
	    &(struct http_call){.method = "POST", .path = path, .body = json_node_of(body)}, begun);
}

void move_begin(struct manager *m, const char *uuid, const char *from, work_fn done, void *data)
{
	g_autoptr(GError) error = NULL;
	AUTO(phone_record) r = phone_record_get(m->db, uuid, &error);
	struct moving *moving;
	JsonObject *body;

	if (r && !r->moving_to)
		g_set_error(
		    &error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "phone %s is not to be moved", uuid);
	if (error) {
		done(error, data);
		return;
	}
	moving = g_new(struct moving, 1);
	*moving =
	    (struct moving){m, g_strdup(uuid), g_strdup(from), g_strdup(r->moving_to), done, data};
	body = json_object_new();
	json_object_set_string_member(body, "phone", uuid);
	json_object_set_string_member(body, "from", from);
	ask(moving, moving->to,
	    &(struct http_call){
	        .method = "POST", .path = "/v1/arrivals", .body = json_node_of(body)},
	    expected);
}

/* --- when nobody watches it --- */

static void tell(struct manager *m, const char *uuid, const char *state)
{
	struct move *move = g_hash_table_lookup(m->moves, uuid);

	if (!move || !g_str_equal(move->state, "running"))
		return;
	move->state = state;
	if (g_str_equal(state, "succeeded"))
		set_text(&move->problem, NULL);
}

void move_settle(struct manager *m, const struct phone_record *r)
{
	struct host *from = manager_host(m, r->host, NULL),
	            *to = manager_host(m, r->moving_to, NULL);
	const struct phone_truth *here =
	    from && from->reachable ? manager_truth(m, r->host, r->uuid) : NULL;
	const struct phone_truth *there =
	    to && to->reachable ? manager_truth(m, r->moving_to, r->uuid) : NULL;
	g_autoptr(GError) error = NULL;

	if (there && there->state != PHONE_STATE_CREATING) {
		if (record_moved(m, r->uuid, r->host, r->moving_to, &error))
			tell(m, r->uuid, "succeeded");
	} else if (here && !here->moving) {
		if (phone_record_set_moving(m->db, r->uuid, NULL, &error))
			tell(m, r->uuid, "failed");
	}
	if (error)
		g_warning("phone %s: %s", r->uuid, error->message);
}
