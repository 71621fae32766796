/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/work_question.h"

#include "common/error.h"
#include "common/json.h"
#include "pool/record_order.h"
#include "pool/record_phone.h"

#define CREATE_TIMEOUT_MS 60000
#define START_TIMEOUT_MS 120000 /* a cold boot, where emulation is slow */
#define STOP_TIMEOUT_S 30
#define SUSPEND_TIMEOUT_MS 180000 /* gigabytes may have to be written */
#define DESTROY_TIMEOUT_MS 30000
#define EQUIP_TIMEOUT_MS 240000 /* its file system may have to be checked */

/* What its phones may reach is the pool's to say, and may have changed since it was asked for. */
static void set_network(
    struct manager *m, const struct work_task *task, JsonObject *body, bool also_none)
{
	AUTO(phone_record) r = phone_record_get(m->db, task->uuid, NULL);

	if (r && r->network)
		json_object_set_string_member(body, "network", r->network);
	else if (also_none)
		json_object_set_null_member(body, "network");
}

static JsonObject *create_body(struct manager *m, const struct work_task *task)
{
	JsonObject *body = json_object_new();

	json_object_set_string_member(body, "template", task->template);
	json_object_set_string_member(body, "uuid", task->uuid);
	json_object_set_boolean_member(body, "start", true);
	if (task->name)
		json_object_set_string_member(body, "name", task->name);
	set_network(m, task, body, false);
	return body;
}

static JsonObject *stop_body(const struct work_task *task, int timeout_s)
{
	JsonObject *body = json_object_new();

	json_object_set_boolean_member(body, "force", task->force);
	json_object_set_int_member(body, "timeout_s", timeout_s);
	return body;
}

static JsonObject *start_body(const struct work_task *task)
{
	JsonObject *body = json_object_new();

	json_object_set_boolean_member(body, "discard", task->discard);
	return body;
}

static JsonObject *equip_body(const struct work_task *task)
{
	JsonObject *body = json_object_new();

	json_object_set_string_member(body, "id", task->volume);
	json_object_set_boolean_member(body, "create", task->new_volume);
	return body;
}

static JsonObject *connect_body(struct manager *m, const struct work_task *task)
{
	JsonObject *body = json_object_new();

	set_network(m, task, body, true);
	return body;
}

/* Takes `body`, which may be NULL. */
static void set(struct work_question *q, const char *method, const char *uuid, const char *suffix,
    JsonObject *body, unsigned timeout_ms)
{
	q->path = g_strdup_printf("/v1/phones%s%s%s", uuid ? "/" : "", uuid ? uuid : "", suffix);
	q->call = (struct http_call){.method = method,
	    .path = q->path,
	    .body = body ? json_node_of(body) : NULL,
	    .timeout_ms = timeout_ms};
}

static bool check_ordered(struct manager *m, const char *uuid, GError **error)
{
	bool open = false;

	if (!order_record_open(m->db, uuid, &open, error))
		return false;
	if (!open)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "no order to destroy phone %s is recorded", uuid);
	return open;
}

struct work_question *work_question_new(
    struct manager *m, const struct work_task *task, GError **error)
{
	int timeout_s = task->timeout_s ? task->timeout_s : STOP_TIMEOUT_S;

	if (task->kind == WORK_DESTROY && !check_ordered(m, task->uuid, error))
		return NULL;
	struct work_question *q = g_new0(struct work_question, 1);
	switch (task->kind) {
	case WORK_CREATE:
		set(q, "POST", NULL, "", create_body(m, task), CREATE_TIMEOUT_MS);
		q->call.idempotency_key = task->uuid;
		break;
	case WORK_START:
		set(q, "POST", task->uuid, "/start", start_body(task), START_TIMEOUT_MS);
		break;
	case WORK_STOP:
		set(q, "POST", task->uuid, "/stop", stop_body(task, timeout_s),
		    (unsigned)(timeout_s + STOP_TIMEOUT_S) * 1000);
		break;
	case WORK_SUSPEND:
		set(q, "POST", task->uuid, "/suspend", NULL, SUSPEND_TIMEOUT_MS);
		break;
	case WORK_EQUIP:
		set(q, "PUT", task->uuid, "/volume", equip_body(task), EQUIP_TIMEOUT_MS);
		break;
	case WORK_CONNECT:
		set(q, "PUT", task->uuid, "/network", connect_body(m, task), 0);
		break;
	case WORK_MOVE: /* asks two hosts, by itself */
		g_assert_not_reached();
	case WORK_DESTROY:
		set(q, "DELETE", task->uuid, "", NULL, DESTROY_TIMEOUT_MS);
		break;
	}
	return q;
}

void work_question_free(struct work_question *question)
{
	if (!question)
		return;
	g_free(question->path);
	g_free(question);
}
