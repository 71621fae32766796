/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/qmp.h"

#include <inttypes.h>
#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/lines.h"
#include "qvisor/secret_memory.h"

struct command {
	char *name;
	JsonObject *arguments;
	char *secret; /* the arguments as text, instead */
	int fd;
	unsigned deadline_ms;
	qmp_reply_fn done;
	void *data;
};

struct qmp {
	struct lines *lines;
	const struct qmp_events *events;
	void *data;
	enum { QMP_GREETING, QMP_READY, QMP_CLOSED } state;
	GQueue waiting; /* struct command *, not sent yet */
	struct command *current;
	int64_t id; /* of the current command */
	guint deadline, refusal;
	bool freed;
};

static void command_free(void *pointer)
{
	struct command *command = pointer;
	g_free(command->name);
	g_clear_pointer(&command->arguments, json_object_unref);
	secret_free(command->secret);
	if (command->fd >= 0)
		close(command->fd);
	g_free(command);
}

/* Answers and frees. */
static void command_finish(struct command *command, JsonNode *result, const GError *error)
{
	if (command->done)
		command->done(command->data, result, error);
	command_free(command);
}

static void qmp_next(struct qmp *qmp);

static void current_finish(struct qmp *qmp, JsonNode *result, const GError *error)
{
	struct command *command = g_steal_pointer(&qmp->current);
	g_clear_handle_id(&qmp->deadline, g_source_remove);
	command_finish(command, result, error);
}

static gboolean on_deadline(void *pointer)
{
	struct qmp *qmp = g_rc_box_acquire(pointer);
	qmp->deadline = 0;
	g_autoptr(GError) error =
	    g_error_new(QVMI_ERROR, QVMI_ERROR_TIMEOUT, "QEMU did not answer \"%s\" within %u ms",
	        qmp->current->name, qmp->current->deadline_ms);
	current_finish(qmp, NULL, error); /* a late answer is known by its id and dropped */
	qmp_next(qmp);
	g_rc_box_release(qmp);
	return G_SOURCE_REMOVE;
}

/* Text with the line's end, in memory of its own kind. */
static GBytes *command_line(struct command *command, int64_t id)
{
	if (command->secret) {
		char *line =
		    secret_printf("{\"execute\":\"%s\",\"arguments\":%s,\"id\":%" PRId64 "}\n",
		        command->name, command->secret, id);
		return g_bytes_new_with_free_func(line, strlen(line), secret_free, line);
	}
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "execute", command->name);
	if (command->arguments)
		json_object_set_object_member(
		    object, "arguments", g_steal_pointer(&command->arguments));
	json_object_set_int_member(object, "id", id);
	g_autoptr(JsonNode) node = json_node_of(object);
	g_autofree char *text = json_text(node);
	char *line = g_strconcat(text, "\n", NULL);
	return g_bytes_new_take(line, strlen(line));
}

static void qmp_next(struct qmp *qmp)
{
	if (qmp->state != QMP_READY || qmp->current || g_queue_is_empty(&qmp->waiting))
		return;
	struct command *command = qmp->current = g_queue_pop_head(&qmp->waiting);
	int fd = command->fd;
	command->fd = -1;
	qmp->deadline = g_timeout_add(command->deadline_ms, on_deadline, qmp);
	lines_send_bytes(qmp->lines, command_line(command, ++qmp->id), fd);
	g_clear_pointer(&command->secret, secret_free);
}

static void qmp_greeting(struct qmp *qmp, JsonObject *object)
{
	if (!json_object_has_member(object, "QMP"))
		return;
	qmp->state = QMP_READY;
	g_clear_handle_id(&qmp->deadline, g_source_remove);
	struct command *negotiate = g_new0(struct command, 1);
	negotiate->name = g_strdup("qmp_capabilities");
	negotiate->fd = -1;
	negotiate->deadline_ms = QMP_DEADLINE_MS;
	g_queue_push_head(&qmp->waiting, negotiate);
	qmp_next(qmp);
}

static void qmp_answer(struct qmp *qmp, JsonObject *object)
{
	int64_t id;
	g_autoptr(GError) error = NULL;
	if (!qmp->current || !json_get_int(object, "id", 0, G_MAXINT64, &id, NULL) || id != qmp->id)
		return; /* after its deadline, or nobody asked */
	JsonNode *result = json_object_get_member(object, "return");
	if (!result) {
		JsonObject *failure = json_get_optional_object(object, "error", NULL);
		const char *text =
		    failure ? json_get_optional_string(failure, "desc", 4096, NULL) : NULL;
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_FAILED, "QEMU refused \"%s\": %s",
		    qmp->current->name, text ? text : "without a reason");
	}
	current_finish(qmp, result, error);
	qmp_next(qmp);
}

static void on_line(void *data, const char *text, size_t n)
{
	struct qmp *qmp = g_rc_box_acquire(data);
	g_autoptr(JsonNode) node = json_parse_object(text, n, NULL);
	JsonObject *object = node ? json_node_get_object(node) : NULL;
	const char *event = object ? json_get_optional_string(object, "event", 128, NULL) : NULL;
	if (!object)
		g_debug("QEMU sent a line that is no JSON object");
	else if (qmp->state == QMP_GREETING)
		qmp_greeting(qmp, object);
	else if (event)
		qmp->events->event(
		    qmp->data, event, json_get_optional_object(object, "data", NULL));
	else
		qmp_answer(qmp, object);
	g_rc_box_release(qmp);
}

static void qmp_fail_all(struct qmp *qmp, const GError *error)
{
	qmp->state = QMP_CLOSED;
	g_clear_handle_id(&qmp->deadline, g_source_remove);
	if (qmp->current)
		current_finish(qmp, NULL, error);
	struct command *command;
	while ((command = g_queue_pop_head(&qmp->waiting)))
		command_finish(command, NULL, error);
}

static void on_closed(void *data, const GError *cause)
{
	struct qmp *qmp = g_rc_box_acquire(data);
	g_autoptr(GError) error = g_error_copy(cause);
	g_prefix_error(&error, "QEMU's control socket: ");
	qmp_fail_all(qmp, error);
	if (!qmp->freed)
		qmp->events->closed(qmp->data, error);
	g_rc_box_release(qmp);
}

static gboolean on_no_greeting(void *data)
{
	struct qmp *qmp = data;
	qmp->deadline = 0;
	g_clear_pointer(&qmp->lines, lines_free);
	g_autoptr(GError) error = g_error_new(
	    QVMI_ERROR, QVMI_ERROR_TIMEOUT, "QEMU said nothing for %d s", QMP_GREETING_S);
	on_closed(qmp, error);
	return G_SOURCE_REMOVE;
}

struct qmp *qmp_new(int fd, const struct qmp_events *events, void *data)
{
	static const struct lines_events on_lines = {on_line, on_closed};
	struct qmp *qmp = g_rc_box_new0(struct qmp);
	qmp->events = events;
	qmp->data = data;
	g_queue_init(&qmp->waiting);
	qmp->lines = lines_new(fd, QMP_MAX_LINE, QMP_MAX_LINE, &on_lines, qmp);
	qmp->deadline = g_timeout_add_seconds(QMP_GREETING_S, on_no_greeting, qmp);
	return qmp;
}

void qmp_free(struct qmp *qmp)
{
	if (!qmp)
		return;
	qmp->freed = true;
	g_clear_handle_id(&qmp->refusal, g_source_remove);
	g_clear_handle_id(&qmp->deadline, g_source_remove);
	g_clear_pointer(&qmp->lines, lines_free);
	g_autoptr(GError) error = g_error_new_literal(
	    QVMI_ERROR, QVMI_ERROR_CANCELLED, "the connection to QEMU was given up");
	qmp_fail_all(qmp, error);
	g_rc_box_release(qmp);
}

/* Commands that cannot even wait are answered from the main loop, as all are. */
static gboolean on_refusal(void *pointer)
{
	struct qmp *qmp = g_rc_box_acquire(pointer);
	qmp->refusal = 0;
	if (qmp->state == QMP_CLOSED) {
		g_autoptr(GError) error = g_error_new_literal(
		    QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "the connection to QEMU has ended");
		qmp_fail_all(qmp, error);
	} else {
		g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_RATE_LIMITED,
		    "more than %d commands wait for QEMU", QMP_MAX_PENDING);
		while (g_queue_get_length(&qmp->waiting) > QMP_MAX_PENDING)
			command_finish(g_queue_pop_tail(&qmp->waiting), NULL, error);
	}
	g_rc_box_release(qmp);
	return G_SOURCE_REMOVE;
}

static void command_queue(struct qmp *qmp, const struct command *wanted)
{
	struct command *command = g_new(struct command, 1);
	*command = *wanted;
	g_queue_push_tail(&qmp->waiting, command);
	if (qmp->state == QMP_CLOSED || g_queue_get_length(&qmp->waiting) > QMP_MAX_PENDING) {
		if (!qmp->refusal)
			qmp->refusal = g_idle_add(on_refusal, qmp);
		return;
	}
	qmp_next(qmp);
}

void qmp_execute(struct qmp *qmp, const char *name, JsonObject *arguments, int fd,
    unsigned deadline_ms, qmp_reply_fn done, void *data)
{
	const struct command command = {.name = g_strdup(name),
	    .arguments = arguments,
	    .fd = fd,
	    .deadline_ms = deadline_ms,
	    .done = done,
	    .data = data};
	command_queue(qmp, &command);
}

void qmp_execute_secret(struct qmp *qmp, const char *name, char *arguments, unsigned deadline_ms)
{
	const struct command command = {
	    .name = g_strdup(name), .secret = arguments, .fd = -1, .deadline_ms = deadline_ms};
	command_queue(qmp, &command);
}

JsonObject *qmp_one_member(const char *name, const char *value)
{
	JsonObject *arguments = json_object_new();
	json_object_set_string_member(arguments, name, value);
	return arguments;
}

static JsonObject *capabilities(const char *const *names)
{
	JsonArray *list = json_array_new();
	for (unsigned i = 0; names[i]; i++) {
		JsonObject *one = qmp_one_member("capability", names[i]);
		json_object_set_boolean_member(one, "state", TRUE);
		json_array_add_object_element(list, one);
	}
	JsonObject *arguments = json_object_new();
	json_object_set_array_member(arguments, "capabilities", list);
	return arguments;
}

JsonObject *qmp_migration_capabilities(void)
{
	static const char *const names[] = {"x-ignore-shared", "events", NULL};
	return capabilities(names);
}

JsonObject *qmp_arrival_capabilities(void)
{
	static const char *const names[] = {
	    "x-ignore-shared", "events", "late-block-activate", NULL};
	return capabilities(names);
}

JsonObject *qmp_fdset(int set)
{
	JsonObject *arguments = json_object_new();
	json_object_set_int_member(arguments, "fdset-id", set);
	return arguments;
}
