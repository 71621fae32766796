/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/agent.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/lines.h"

/* A guest that was restored or booted before we connected says hello; one whose hello was lost is
 * asked. */
#define HELLO_MS 200

struct call {
	struct agent *agent;
	int64_t id;
	char *method;
	unsigned deadline_ms;
	guint deadline;
	agent_reply_fn done;
	void *data;
};

struct agent {
	struct lines *lines;
	const struct agent_events *events;
	void *data;
	int64_t last_id;
	GPtrArray *calls; /* struct call * */
	bool connected, closed, freed;
	enum agent_stage stage;
	guint ask;
};

static const char *const stage_names[] = {
    [AGENT_UNKNOWN] = "unknown",
    [AGENT_BOOTING] = "booting",
    [AGENT_SESSION] = "session",
    [AGENT_SHELL] = "shell",
    [AGENT_SETTLING] = "settling",
    [AGENT_READY] = "ready",
};

const char *agent_stage_name(enum agent_stage stage)
{
	return stage_names[stage];
}

/* Answers and frees. */
static void call_finish(struct call *call, JsonObject *result, const GError *error)
{
	g_ptr_array_remove_fast(call->agent->calls, call);
	g_clear_handle_id(&call->deadline, g_source_remove);
	if (call->done)
		call->done(call->data, result, error);
	g_free(call->method);
	g_free(call);
}

static gboolean on_deadline(void *pointer)
{
	struct call *call = pointer;
	struct agent *agent = g_rc_box_acquire(call->agent);
	call->deadline = 0;
	g_autoptr(GError) error =
	    call->deadline_ms
	        ? g_error_new(QVMI_ERROR, QVMI_ERROR_TIMEOUT,
	              "the phone's agent did not answer \"%s\" within %u ms", call->method,
	              call->deadline_ms)
	        : g_error_new(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
	              "the phone's agent is not connected or too busy for \"%s\"; try again",
	              call->method);
	call_finish(call, NULL, error);
	g_rc_box_release(agent);
	return G_SOURCE_REMOVE;
}

static void on_stage(struct agent *agent, enum agent_stage stage)
{
	if (stage == agent->stage || stage == AGENT_UNKNOWN)
		return;
	agent->stage = stage;
	if (!agent->freed)
		agent->events->stage(agent->data, stage);
}

static void on_hello(struct agent *agent)
{
	g_clear_handle_id(&agent->ask, g_source_remove);
	if (agent->connected)
		return;
	agent->connected = true;
	if (!agent->freed)
		agent->events->hello(agent->data);
}

static void on_notification(struct agent *agent, const char *method, JsonObject *parameters)
{
	bool ready = false;
	const char *stage =
	    parameters ? json_get_optional_string(parameters, "stage", 32, NULL) : NULL;
	if (!strcmp(method, "agent.hello")) {
		if (parameters)
			json_get_optional_bool(parameters, "ready", false, &ready, NULL);
		on_hello(agent);
		if (ready)
			on_stage(agent, AGENT_READY);
	} else if (!strcmp(method, "agent.ready")) {
		on_hello(agent);
		on_stage(agent, AGENT_READY);
	} else if (!strcmp(method, "agent.stage") && stage) {
		on_hello(agent);
		for (unsigned i = 0; i < G_N_ELEMENTS(stage_names); i++)
			/* "ready" itself comes with agent.ready */
			if (i != AGENT_READY && !strcmp(stage, stage_names[i]))
				on_stage(agent, i);
	} /* others: a newer agent's; ignored */
}

static void on_answer(struct agent *agent, JsonObject *object)
{
	int64_t id;
	if (!json_get_int(object, "id", 1, G_MAXINT64, &id, NULL))
		return;
	for (unsigned i = 0; i < agent->calls->len; i++) {
		struct call *call = g_ptr_array_index(agent->calls, i);
		if (call->id != id)
			continue;
		g_autoptr(GError) error = NULL;
		JsonObject *result = json_get_optional_object(object, "result", NULL);
		if (!result) {
			JsonObject *failure = json_get_optional_object(object, "error", NULL);
			const char *text =
			    failure ? json_get_optional_string(failure, "message", 512, NULL)
			            : NULL;
			g_set_error(&error, QVMI_ERROR, QVMI_ERROR_FAILED,
			    "the phone's agent refused \"%s\": %s", call->method,
			    text ? text : "without a reason");
		}
		call_finish(call, result, error);
		return;
	}
}

static void on_line(void *data, const char *text, size_t n)
{
	struct agent *agent = g_rc_box_acquire(data);
	g_autoptr(JsonNode) node = json_parse_object(text, n, NULL);
	JsonObject *object = node ? json_node_get_object(node) : NULL;
	const char *method = object ? json_get_optional_string(object, "method", 128, NULL) : NULL;
	if (method)
		on_notification(agent, method, json_get_optional_object(object, "params", NULL));
	else if (object)
		on_answer(agent, object);
	else
		g_debug("the phone's agent sent a line that is no JSON object");
	g_rc_box_release(agent);
}

static void fail_all(struct agent *agent, const GError *error)
{
	while (agent->calls->len)
		call_finish(g_ptr_array_index(agent->calls, agent->calls->len - 1), NULL, error);
}

static void on_closed(void *data, const GError *cause)
{
	struct agent *agent = g_rc_box_acquire(data);
	g_autoptr(GError) error = g_error_copy(cause);
	g_prefix_error(&error, "the phone's agent: ");
	agent->connected = false;
	agent->closed = true;
	g_clear_handle_id(&agent->ask, g_source_remove);
	fail_all(agent, error);
	if (!agent->freed)
		agent->events->closed(agent->data, error);
	g_rc_box_release(agent);
}

static void on_info(void *data, JsonObject *result, const GError *error)
{
	struct agent *agent = data;
	bool ready = false;
	if (error)
		return;
	json_get_optional_bool(result, "ready", false, &ready, NULL);
	on_hello(agent);
	if (ready)
		on_stage(agent, AGENT_READY);
}

static gboolean on_no_hello(void *pointer)
{
	struct agent *agent = pointer;
	agent->ask = 0;
	agent_call(agent, "agent.info", NULL, AGENT_DEADLINE_MS, on_info, agent);
	return G_SOURCE_REMOVE;
}

struct agent *agent_new(int fd, const struct agent_events *events, void *data)
{
	static const struct lines_events on_lines = {on_line, on_closed};
	struct agent *agent = g_rc_box_new0(struct agent);
	agent->events = events;
	agent->data = data;
	agent->calls = g_ptr_array_new();
	agent->lines = lines_new(fd, AGENT_MAX_LINE, 4 * AGENT_MAX_LINE, &on_lines, agent);
	agent->ask = g_timeout_add(HELLO_MS, on_no_hello, agent);
	return agent;
}

static void agent_clear(void *pointer)
{
	struct agent *agent = pointer;
	g_ptr_array_unref(agent->calls);
}

void agent_free(struct agent *agent)
{
	if (!agent)
		return;
	agent->freed = agent->closed = true;
	g_clear_handle_id(&agent->ask, g_source_remove);
	g_clear_pointer(&agent->lines, lines_free);
	g_autoptr(GError) error = g_error_new_literal(
	    QVMI_ERROR, QVMI_ERROR_CANCELLED, "the connection to the phone's agent was given up");
	fail_all(agent, error);
	g_rc_box_release_full(agent, agent_clear);
}

bool agent_connected(const struct agent *agent)
{
	return agent->connected;
}

enum agent_stage agent_current_stage(const struct agent *agent)
{
	return agent->stage;
}

void agent_call(struct agent *agent, const char *method, JsonObject *parameters,
    unsigned deadline_ms, agent_reply_fn done, void *data)
{
	struct call *call = g_new0(struct call, 1);
	bool busy = agent->calls->len >= AGENT_MAX_PENDING || agent->closed;
	*call = (struct call){.agent = agent,
	    .id = ++agent->last_id,
	    .method = g_strdup(method),
	    .deadline_ms = busy ? 0 : deadline_ms,
	    .done = done,
	    .data = data};
	g_ptr_array_add(agent->calls, call);
	call->deadline = g_timeout_add(call->deadline_ms, on_deadline, call);
	JsonObject *request = json_object_new();
	json_object_set_string_member(request, "jsonrpc", "2.0");
	json_object_set_int_member(request, "id", call->id);
	json_object_set_string_member(request, "method", method);
	json_object_set_object_member(
	    request, "params", parameters ? parameters : json_object_new());
	g_autoptr(JsonNode) node = json_node_of(request);
	if (busy)
		return;
	g_autofree char *text = json_text(node);
	lines_send(agent->lines, text, -1);
}
