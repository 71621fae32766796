/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the hosts' own daemons answer: asked when somebody asks, passed on, nothing kept. A client
 * that goes away cancels the question.
 */
#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "pool/api.h"
#include "pool/name.h"
#include "pool/view.h"

#define MTPD_TIMEOUT_MS 15000 /* a worker may have to be started for the picture */

struct forward {
	struct http_request *request;
	char *host; /* operations: their ids are told with it */
};

static struct forward *forward_new(struct http_request *request, const char *host)
{
	struct forward *f = g_new(struct forward, 1);

	*f = (struct forward){request, g_strdup(host)};
	http_request_hold(request);
	return f;
}

static void forward_free(struct forward *f)
{
	g_free(f->host);
	g_free(f);
}

static void pass_on(const struct http_reply *reply, const GError *error, void *data)
{
	struct forward *f = data;

	if (error)
		http_respond_error(f->request, error);
	else if (reply->json)
		http_respond_json(f->request, reply->status, json_node_copy(reply->json));
	else if (reply->bytes && g_bytes_get_size(reply->bytes) > 0)
		http_respond_bytes(f->request, reply->status,
		    reply->content_type ? reply->content_type : "application/octet-stream",
		    reply->bytes);
	else
		http_respond_empty(f->request, reply->status);
	forward_free(f);
}

static void forward(struct http_request *request, struct host *host, enum host_daemon daemon,
    const struct http_call *call, http_reply_fn done)
{
	struct forward *f = forward_new(request, host->record->id);

	host_call(host, daemon, call, http_request_cancellable(request), done, f);
}

/* Method and suffix on /v1/phones/{uuid} of the phone's host. Takes the body. */
static void forward_phone(struct http_request *request, struct manager *m, enum host_daemon daemon,
    const char *method, const char *suffix, JsonNode *body, unsigned timeout_ms)
{
	g_autoptr(GError) error = NULL;
	const char *uuid = api_uuid(request, &error);
	struct host *host = uuid ? api_host_of_phone(m, uuid, &error) : NULL;
	g_autofree char *path = NULL;

	if (!host) {
		g_clear_pointer(&body, json_node_unref);
		http_respond_error(request, error);
		return;
	}
	path = g_strdup_printf("/v1/phones/%s%s", uuid, suffix);
	forward(request, host, daemon,
	    &(struct http_call){
	        .method = method, .path = path, .body = body, .timeout_ms = timeout_ms},
	    pass_on);
}

void api_forward_phone(struct http_request *request, struct manager *m, const char *method,
    const char *suffix, JsonNode *body, unsigned timeout_ms)
{
	forward_phone(request, m, HOST_QVISORD, method, suffix, body, timeout_ms);
}

void api_phone_thumbnail(struct http_request *request, void *data)
{
	const char *text = http_request_query(request, "width");
	g_autoptr(GError) error = NULL;
	g_autofree char *suffix = NULL;
	guint64 width = 180;

	if (text && !g_ascii_string_to_unsigned(text, 10, 16, 1080, &width, NULL)) {
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"width\" has to be a number from 16 to 1080");
		http_respond_error(request, error);
		return;
	}
	suffix = g_strdup_printf("/thumbnail?width=%d", (int)width);
	forward_phone(request, data, HOST_MTPD, "GET", suffix, NULL, MTPD_TIMEOUT_MS);
}

void api_phone_end_session(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	const char *uuid = api_uuid(request, &error);
	struct host *host = uuid ? api_host_of_phone(data, uuid, &error) : NULL;

	if (!host) {
		http_respond_error(request, error);
		return;
	}
	g_autofree char *path =
	    http_path("/v1/sessions/%s", http_request_parameter(request, "session"));
	forward(request, host, HOST_MTPD, &(struct http_call){.method = "DELETE", .path = path},
	    pass_on);
}

/* "/performance" with the ?since= of the request, or without; NULL with error. Caller frees. */
static char *performance_suffix(struct http_request *request, GError **error)
{
	const char *since = http_request_query(request, "since");
	guint64 time_s;

	if (!since)
		return g_strdup("/performance");
	if (g_ascii_string_to_unsigned(since, 10, 0, G_MAXUINT32, &time_s, NULL))
		return g_strdup_printf("/performance?since=%" G_GUINT64_FORMAT, time_s);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "\"since\" has to be a time in seconds since 1970");
	return NULL;
}

void api_phone_performance(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *suffix = performance_suffix(request, &error);

	if (suffix)
		forward_phone(request, data, HOST_QVISORD, "GET", suffix, NULL, 0);
	else
		http_respond_error(request, error);
}

void api_phone_applications(struct http_request *request, void *data)
{
	forward_phone(request, data, HOST_QVISORD, "GET", "/applications", NULL, 0);
}

void api_phone_launch(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	JsonObject *body = http_request_json(request, &error);

	if (body)
		forward_phone(request, data, HOST_QVISORD, "POST", "/applications",
		    json_node_of(json_object_ref(body)), 0);
	else
		http_respond_error(request, error);
}

void api_host_performance(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	struct host *host = manager_host(data, http_request_parameter(request, "id"), &error);
	g_autofree char *suffix = host ? performance_suffix(request, &error) : NULL;
	g_autofree char *path = g_strconcat("/v1/host", suffix, NULL);

	if (suffix)
		forward(request, host, HOST_QVISORD,
		    &(struct http_call){.method = "GET", .path = path}, pass_on);
	else
		http_respond_error(request, error);
}

/* --- templates --- */

void api_template_list(struct http_request *request, void *data)
{
	struct manager *m = data;
	JsonArray *array = json_array_new();
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, m->hosts);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct host *host = value;

		for (unsigned i = 0; i < json_array_get_length(host->templates); i++) {
			JsonNode *node = json_node_copy(json_array_get_element(host->templates, i));

			if (JSON_NODE_HOLDS_OBJECT(node))
				json_object_set_string_member(
				    json_node_get_object(node), "host", host->record->id);
			json_array_add_element(array, node);
		}
	}
	api_respond_list(request, "templates", array, NULL);
}

/* The host that is named, or the only one there is. */
static struct host *named_host(struct manager *m, JsonObject *body, GError **error)
{
	const char *id = json_get_optional_string(body, "host", NAME_MAX_LENGTH, NULL);
	GHashTableIter iter;
	gpointer host;

	if (id)
		return manager_host(m, id, error);
	g_hash_table_iter_init(&iter, m->hosts);
	if (g_hash_table_size(m->hosts) == 1 && g_hash_table_iter_next(&iter, NULL, &host))
		return host;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "say on which \"host\" to build; %u are recorded", g_hash_table_size(m->hosts));
	return NULL;
}

/* An operation's id gets its host in front, so that it can be found again. */
static void label_operation(JsonObject *object, const char *host)
{
	const char *id = json_get_optional_string(object, "id", 128, NULL);
	g_autofree char *ours = g_strdup_printf("%s:%s", host, id ? id : "");

	json_object_set_string_member(object, "id", ours);
	json_object_set_string_member(object, "host", host);
}

static void pass_operation(const struct http_reply *reply, const GError *error, void *data)
{
	struct forward *f = data;
	JsonNode *node;

	if (error || !reply->json || !JSON_NODE_HOLDS_OBJECT(reply->json)) {
		pass_on(reply, error, data);
		return;
	}
	node = json_node_copy(reply->json);
	label_operation(json_node_get_object(node), f->host);
	if (reply->status == 202) {
		g_autofree char *location = http_path("/v1/operations/%s",
		    json_object_get_string_member(json_node_get_object(node), "id"));

		http_request_add_header(f->request, "Location", location);
	}
	http_respond_json(f->request, reply->status, node);
	forward_free(f);
}

void api_template_build(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	JsonObject *body = http_request_json(request, &error);
	struct host *host = body ? named_host(data, body, &error) : NULL;
	JsonNode *copy;

	if (!host) {
		http_respond_error(request, error);
		return;
	}
	copy = json_node_of(json_object_ref(body));
	json_object_remove_member(body, "host");
	forward(request, host, HOST_QVISORD,
	    &(struct http_call){.method = "POST",
	        .path = "/v1/templates",
	        .body = copy,
	        .idempotency_key = http_request_header(request, "idempotency-key")},
	    pass_operation);
}

/* --- operations: each on the host in front of its id --- */

static void forward_operation(struct http_request *request, struct manager *m, const char *method)
{
	const char *id = http_request_parameter(request, "id");
	const char *colon = strchr(id, ':');
	g_autofree char *host_id = colon ? g_strndup(id, (gsize)(colon - id)) : NULL;
	struct host *host = host_id ? manager_host(m, host_id, NULL) : NULL;
	const char *wait = http_request_query(request, "wait_ms");
	g_autofree char *path = NULL, *full = NULL;
	g_autoptr(GError) error = NULL;
	guint64 wait_ms = 0;

	if (!host)
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "there is no operation '%s'; see GET /v1/operations", id);
	else if (wait && !g_ascii_string_to_unsigned(wait, 10, 0, 60000, &wait_ms, NULL))
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"wait_ms\" has to be a number from 0 to 60000");
	if (error) {
		http_respond_error(request, error);
		return;
	}
	path = http_path("/v1/operations/%s", colon + 1);
	full = wait ? g_strdup_printf("%s?wait_ms=%d", path, (int)wait_ms) : g_strdup(path);
	forward(request, host, HOST_QVISORD,
	    &(struct http_call){
	        .method = method, .path = full, .timeout_ms = (unsigned)wait_ms + 10000},
	    pass_operation);
}

void api_operation_get(struct http_request *request, void *data)
{
	forward_operation(request, data, "GET");
}

void api_operation_cancel(struct http_request *request, void *data)
{
	forward_operation(request, data, "DELETE");
}

/* All hosts are asked at once; the last answer answers. A host that is away has none to show. */
struct gathering {
	struct http_request *request;
	JsonArray *array;
	unsigned out;
};
struct question {
	struct gathering *gathering;
	char *host;
};

static void gathered(struct gathering *g)
{
	if (--g->out > 0)
		return;
	api_respond_list(g->request, "operations", g->array, NULL);
	g_free(g);
}

static void operations_listed(const struct http_reply *reply, const GError *error, void *data)
{
	struct question *q = data;
	JsonArray *array = NULL;

	if (!error && reply->json && JSON_NODE_HOLDS_OBJECT(reply->json))
		array = json_get_array(json_node_get_object(reply->json), "operations", 4096, NULL);
	for (unsigned i = 0; array && i < json_array_get_length(array); i++) {
		JsonNode *node = json_node_copy(json_array_get_element(array, i));

		if (JSON_NODE_HOLDS_OBJECT(node))
			label_operation(json_node_get_object(node), q->host);
		json_array_add_element(q->gathering->array, node);
	}
	gathered(q->gathering);
	g_free(q->host);
	g_free(q);
}

void api_operation_list(struct http_request *request, void *data)
{
	struct manager *m = data;
	struct gathering *g = g_new(struct gathering, 1);
	g_autoptr(GList) hosts = g_hash_table_get_values(m->hosts);

	*g = (struct gathering){request, json_array_new(), 1};
	http_request_hold(request);
	for (GList *i = hosts; i; i = i->next) {
		struct host *host = i->data;
		struct question *q = g_new(struct question, 1);

		*q = (struct question){g, g_strdup(host->record->id)};
		g->out++;
		host_call(host, HOST_QVISORD,
		    &(struct http_call){.method = "GET", .path = "/v1/operations"},
		    http_request_cancellable(request), operations_listed, q);
	}
	gathered(g);
}
