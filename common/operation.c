/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/operation.h"

#include "common/error.h"
#include "common/json.h"
#include "common/problem.h"

#define ENDED_MAX 256
#define WAIT_MS_MAX 60000

enum state { RUNNING, SUCCEEDED, FAILED, CANCELLED };
static const char *const state_words[] = {"running", "succeeded", "failed", "cancelled"};

struct operation {
	struct operations *table;
	char *id, *kind, *subject, *stage;
	enum state state;
	double progress;
	GCancellable *cancellable;
	JsonNode *result;
	JsonObject *problem;
	char *started, *ended;
	GPtrArray *waits; /* struct wait *, owned by their requests' answer */
};

struct operations {
	GHashTable *by_id;
	GQueue all; /* oldest first, owned */
	unsigned n_ended;
};

/* A GET with wait_ms: answered when the operation ends, the time is over or the client goes. */
struct wait {
	struct operation *operation;
	struct http_request *request;
	guint timer;
	gulong gone;
};

static char *now_text(void)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	return g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
}

static void operation_free(struct operation *operation)
{
	g_free(operation->id);
	g_free(operation->kind);
	g_free(operation->subject);
	g_free(operation->stage);
	g_free(operation->started);
	g_free(operation->ended);
	g_object_unref(operation->cancellable);
	g_clear_pointer(&operation->result, json_node_unref);
	g_clear_pointer(&operation->problem, json_object_unref);
	g_ptr_array_unref(operation->waits);
	g_free(operation);
}

static void wait_end(struct wait *wait)
{
	struct http_request *request = wait->request;

	if (wait->timer)
		g_source_remove(wait->timer);
	g_signal_handler_disconnect(http_request_cancellable(request), wait->gone);
	g_ptr_array_remove_fast(wait->operation->waits, wait);
	http_respond_json(request, 200, operation_json(wait->operation));
	g_free(wait);
}

static void end_waits(struct operation *operation)
{
	while (operation->waits->len > 0)
		wait_end(g_ptr_array_index(operation->waits, 0));
}

struct operations *operations_new(void)
{
	struct operations *operations = g_new0(struct operations, 1);

	operations->by_id = g_hash_table_new(g_str_hash, g_str_equal);
	g_queue_init(&operations->all);
	return operations;
}

void operations_free(struct operations *operations)
{
	struct operation *operation;

	if (!operations)
		return;
	while ((operation = g_queue_pop_head(&operations->all))) {
		end_waits(operation);
		operation_free(operation);
	}
	g_hash_table_unref(operations->by_id);
	g_free(operations);
}

struct operation *operation_start(
    struct operations *operations, const char *kind, const char *subject)
{
	struct operation *operation = g_new0(struct operation, 1);

	operation->table = operations;
	operation->id = g_uuid_string_random();
	operation->kind = g_strdup(kind);
	operation->subject = g_strdup(subject);
	operation->stage = g_strdup("");
	operation->started = now_text();
	operation->cancellable = g_cancellable_new();
	operation->waits = g_ptr_array_new();
	g_hash_table_insert(operations->by_id, operation->id, operation);
	g_queue_push_tail(&operations->all, operation);
	return operation;
}

const char *operation_id(const struct operation *operation)
{
	return operation->id;
}

GCancellable *operation_cancellable(struct operation *operation)
{
	return operation->cancellable;
}

void operation_progress(struct operation *operation, double fraction, const char *stage)
{
	operation->progress = CLAMP(fraction, 0, 1);
	if (stage && g_strcmp0(stage, operation->stage) != 0) {
		g_free(operation->stage);
		operation->stage = g_strdup(stage);
	}
}

static void forget_oldest_ended(struct operations *operations)
{
	for (GList *link = operations->all.head; link; link = link->next) {
		struct operation *operation = link->data;
		if (operation->state == RUNNING)
			continue;
		g_queue_delete_link(&operations->all, link);
		g_hash_table_remove(operations->by_id, operation->id);
		operation_free(operation);
		operations->n_ended--;
		return;
	}
}

static void end(struct operation *operation, enum state state)
{
	if (operation->state != RUNNING)
		g_error("operation %s ends twice", operation->id);
	operation->state = state;
	operation->ended = now_text();
	end_waits(operation);
	if (++operation->table->n_ended > ENDED_MAX)
		forget_oldest_ended(operation->table);
}

void operation_succeed(struct operation *operation, JsonNode *result)
{
	operation->result = result;
	operation->progress = 1;
	end(operation, SUCCEEDED);
}

void operation_fail(struct operation *operation, const GError *error)
{
	bool cancelled = g_str_equal(qvmi_error_word(error), "cancelled");

	if (!cancelled)
		g_warning("%s %s failed: %s", operation->kind, operation->subject, error->message);
	operation->problem = problem_from_error(error);
	end(operation, cancelled ? CANCELLED : FAILED);
}

JsonNode *operation_json(const struct operation *operation)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "id", operation->id);
	json_object_set_string_member(object, "kind", operation->kind);
	json_object_set_string_member(object, "subject", operation->subject);
	json_object_set_string_member(object, "state", state_words[operation->state]);
	json_object_set_double_member(object, "progress", operation->progress);
	json_object_set_string_member(object, "stage", operation->stage);
	if (operation->problem)
		json_object_set_object_member(object, "error", json_object_ref(operation->problem));
	if (operation->result)
		json_object_set_member(object, "result", json_node_copy(operation->result));
	json_object_set_string_member(object, "started", operation->started);
	if (operation->ended)
		json_object_set_string_member(object, "ended", operation->ended);
	return json_node_of(object);
}

/* --- routes --- */

void operations_handle_list(struct operations *operations, struct http_request *request)
{
	JsonArray *list = json_array_new();
	JsonObject *object = json_object_new();

	for (GList *link = operations->all.head; link; link = link->next)
		json_array_add_element(list, operation_json(link->data));
	json_object_set_array_member(object, "operations", list);
	http_respond_json(request, 200, json_node_of(object));
}

static struct operation *find(struct operations *operations, struct http_request *request)
{
	const char *id = http_request_parameter(request, "id");
	struct operation *operation = g_hash_table_lookup(operations->by_id, id);

	if (!operation) {
		g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "there is no operation %s; it may have ended long ago", id);
		http_respond_error(request, error);
	}
	return operation;
}

static gboolean on_wait_over(gpointer data)
{
	struct wait *wait = data;

	wait->timer = 0;
	wait_end(wait);
	return G_SOURCE_REMOVE;
}

static void on_client_gone(GCancellable *cancellable, gpointer data)
{
	(void)cancellable;
	wait_end(data);
}

void operations_handle_get(struct operations *operations, struct http_request *request)
{
	struct operation *operation = find(operations, request);
	const char *text = http_request_query(request, "wait_ms");
	g_autoptr(GError) error = NULL;
	guint64 ms = 0;

	if (!operation)
		return;
	if (text && !g_ascii_string_to_unsigned(text, 10, 0, WAIT_MS_MAX, &ms, NULL)) {
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"wait_ms\" must be within 0 and %d", WAIT_MS_MAX);
		http_respond_error(request, error);
		return;
	}
	if (ms == 0 || operation->state != RUNNING) {
		http_respond_json(request, 200, operation_json(operation));
		return;
	}
	struct wait *wait = g_new0(struct wait, 1);
	wait->operation = operation;
	wait->request = request;
	wait->timer = g_timeout_add(ms, on_wait_over, wait);
	/* g_cancellable_connect() would deadlock when disconnected from within its handler. */
	wait->gone = g_signal_connect(
	    http_request_cancellable(request), "cancelled", G_CALLBACK(on_client_gone), wait);
	g_ptr_array_add(operation->waits, wait);
	http_request_hold(request);
}

void operations_handle_cancel(struct operations *operations, struct http_request *request)
{
	struct operation *operation = find(operations, request);

	if (!operation)
		return;
	g_cancellable_cancel(operation->cancellable);
	http_respond_json(
	    request, operation->state == RUNNING ? 202 : 200, operation_json(operation));
}

void operation_respond(struct operation *operation, struct http_request *request)
{
	g_autofree char *location = g_strconcat("/v1/operations/", operation->id, NULL);

	http_request_add_header(request, "location", location);
	http_respond_json(request, 202, operation_json(operation));
}
