/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/rule_child.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "pool/rule_process.h"

#define MAX_ANSWER (1u << 20) /* bytes of one line */
#define MAX_QUESTION (1u << 20)
#define BACKOFF_FIRST_US G_USEC_PER_SEC
#define BACKOFF_LAST_US (60 * G_USEC_PER_SEC)

/* off -> starting -> ready -> off; out of `starting` and `ready` also by fault(). */
enum state { OFF, STARTING, READY };

struct call {
	struct rule_child *child;
	gint64 id;
	GBytes *line;
	rule_child_fn done;
	void *data;
	guint timer;
	GError *error; /* set: waits in the idle queue to be told */
};

struct rule_child {
	char *program, *script;
	enum state state;
	struct rule_process process;
	guint out_source, in_source, start_timer, idle_source;
	GByteArray *answer;
	GQueue calls;  /* of struct call; the head is with the child when `asked` */
	GQueue failed; /* of struct call whose error is set: told from the main loop */
	bool asked;
	gsize written; /* of the head's line */
	gint64 last_id;
	char *problem;
	unsigned failures;
	gint64 not_before; /* monotonic */
};

static void ask_next(struct rule_child *c);

static void call_free(struct call *call)
{
	if (call->timer)
		g_source_remove(call->timer);
	g_clear_error(&call->error);
	g_bytes_unref(call->line);
	g_free(call);
}

/* Tells the caller, who may call again from there. */
static void call_finish(struct call *call, JsonObject *result, const GError *error)
{
	call->done(result, error, call->data);
	call_free(call);
}

static gboolean tell_failed(gpointer data)
{
	struct rule_child *c = data;
	struct call *call;

	c->idle_source = 0;
	while ((call = g_queue_pop_head(&c->failed)))
		call_finish(call, NULL, call->error);
	return G_SOURCE_REMOVE;
}

static void call_fail_later(struct call *call, int code, const char *message)
{
	struct rule_child *c = call->child;

	if (call->timer)
		g_source_remove(call->timer);
	call->timer = 0;
	call->error = g_error_new_literal(QVMI_ERROR, code, message);
	g_queue_push_tail(&c->failed, call);
	if (c->idle_source == 0)
		c->idle_source = g_idle_add_full(G_PRIORITY_DEFAULT, tell_failed, c, NULL);
}

static void set_problem(struct rule_child *c, const char *problem)
{
	if (problem && !c->problem)
		g_warning(
		    "rule %s is failing: %s; built-in decisions are used", c->script, problem);
	if (!problem && c->problem)
		g_message("rule %s works again", c->script);
	if (problem == c->problem)
		return;
	g_free(c->problem);
	c->problem = g_strdup(problem);
}

static void clear_source(guint *source)
{
	if (*source)
		g_source_remove(*source);
	*source = 0;
}

/* Ends the process; calls stay. */
static void stop(struct rule_child *c, bool wait)
{
	clear_source(&c->out_source);
	clear_source(&c->in_source);
	clear_source(&c->start_timer);
	rule_process_stop(&c->process, wait);
	c->asked = false;
	c->state = OFF;
	g_byte_array_set_size(c->answer, 0);
}

static void fault(struct rule_child *c, int code, const char *problem)
{
	g_autofree char *text = g_strdup(problem);
	struct call *call;

	stop(c, false);
	set_problem(c, text);
	c->not_before =
	    g_get_monotonic_time() + MIN(BACKOFF_FIRST_US << MIN(c->failures, 6), BACKOFF_LAST_US);
	c->failures++;
	while ((call = g_queue_pop_head(&c->calls)))
		call_fail_later(call, code, text);
}

static bool answered(struct rule_child *c, JsonObject *object)
{
	struct call *call = c->asked ? g_queue_peek_head(&c->calls) : NULL;
	JsonObject *result = json_get_optional_object(object, "result", NULL);
	const char *text = json_get_optional_string(object, "error", 4096, NULL);
	g_autoptr(GError) error = NULL;
	gint64 id;

	if (!call || !json_get_int(object, "id", 0, G_MAXINT64, &id, NULL) || id != call->id ||
	    (!result && !text))
		return false;
	g_queue_pop_head(&c->calls);
	c->asked = false;
	c->failures = 0;
	set_problem(c, result ? NULL : text);
	if (!result)
		error = g_error_new(QVMI_ERROR, QVMI_ERROR_FAILED, "%s", text);
	/* Before the callback, which may ask again. */
	ask_next(c);
	call_finish(call, result, error);
	return true;
}

static bool understand(struct rule_child *c, const char *line, gsize n)
{
	g_autoptr(JsonNode) node = json_parse_object(line, (gssize)n, NULL);

	if (!node)
		return false;
	if (c->state == READY)
		return answered(c, json_node_get_object(node));
	if (!json_object_has_member(json_node_get_object(node), "ready"))
		return false;
	clear_source(&c->start_timer);
	c->state = READY;
	ask_next(c);
	return true;
}

/* false: the child has been dealt with, the source is gone. */
static bool take_lines(struct rule_child *c)
{
	for (;;) {
		guint8 *end = memchr(c->answer->data, '\n', c->answer->len);
		g_autofree char *line = NULL;
		gsize n;

		if (!end)
			return true;
		n = (gsize)(end - c->answer->data);
		line = g_strndup((char *)c->answer->data, n);
		g_byte_array_remove_range(c->answer, 0, (guint)n + 1);
		if (!understand(c, line, n)) {
			fault(c, QVMI_ERROR_FAILED, "it said what it was not asked");
			return false;
		}
	}
}

static void ended(struct rule_child *c)
{
	if (c->state == READY && !c->asked) {
		/* Worn out, as agreed; the next call starts another. */
		stop(c, false);
		ask_next(c);
		return;
	}
	fault(c, QVMI_ERROR_UNAVAILABLE,
	    c->state == READY ? "it ended in the middle of a call"
	                      : "it ended before it was ready; see its own message above");
}

static gboolean readable(gint fd, GIOCondition condition, gpointer data)
{
	struct rule_child *c = data;
	guint8 chunk[16384];
	ssize_t n = read(fd, chunk, sizeof chunk);

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n <= 0) {
		ended(c);
		return G_SOURCE_CONTINUE; /* removed already */
	}
	if (c->answer->len + (gsize)n > MAX_ANSWER) {
		fault(c, QVMI_ERROR_TOO_LARGE, "its answer does not end");
		return G_SOURCE_CONTINUE;
	}
	g_byte_array_append(c->answer, chunk, (guint)n);
	take_lines(c);
	return G_SOURCE_CONTINUE;
}

static gboolean too_slow_to_start(gpointer data)
{
	struct rule_child *c = data;

	c->start_timer = 0;
	fault(c, QVMI_ERROR_TIMEOUT, "it was not ready within 5 s");
	return G_SOURCE_REMOVE;
}

static bool start(struct rule_child *c, GError **error)
{
	if (!rule_process_start(&c->process, c->program, c->script, error))
		return false;
	c->out_source = g_unix_fd_add(c->process.out, G_IO_IN | G_IO_HUP, readable, c);
	c->start_timer = g_timeout_add(RULE_START_MS, too_slow_to_start, c);
	c->state = STARTING;
	return true;
}

static void ensure_started(struct rule_child *c)
{
	g_autoptr(GError) error = NULL;

	if (c->state == OFF && g_get_monotonic_time() >= c->not_before && !start(c, &error))
		fault(c, QVMI_ERROR_UNAVAILABLE, error->message);
}

/* false: all written, or the child is gone (which the reading side notices). */
static bool write_more(struct rule_child *c)
{
	struct call *call = g_queue_peek_head(&c->calls);
	gsize n;
	const char *line = g_bytes_get_data(call->line, &n);

	while (c->written < n) {
		ssize_t r = write(c->process.in, line + c->written, n - c->written);

		if (r > 0)
			c->written += (gsize)r;
		else if (errno == EAGAIN)
			return true;
		else if (errno != EINTR)
			return false;
	}
	return false;
}

static gboolean writable(gint fd, GIOCondition condition, gpointer data)
{
	struct rule_child *c = data;

	(void)fd;
	(void)condition;
	if (c->asked && write_more(c))
		return G_SOURCE_CONTINUE;
	c->in_source = 0;
	return G_SOURCE_REMOVE;
}

/* Hands the next call to the child, when there is one and the child is free. */
static void ask_next(struct rule_child *c)
{
	if (c->asked || g_queue_is_empty(&c->calls))
		return;
	ensure_started(c);
	if (c->state != READY)
		return;
	c->asked = true;
	c->written = 0;
	clear_source(&c->in_source);
	if (write_more(c))
		c->in_source = g_unix_fd_add(c->process.in, G_IO_OUT, writable, c);
}

static gboolean deadline(gpointer data)
{
	struct call *call = data;
	struct rule_child *c = call->child;
	g_autofree char *text = NULL;

	call->timer = 0;
	if (c->asked && g_queue_peek_head(&c->calls) == call) {
		text = g_strdup_printf("no answer within %d ms", RULE_DEADLINE_MS);
		fault(c, QVMI_ERROR_TIMEOUT, text);
		return G_SOURCE_REMOVE;
	}
	/* It has only waited: for the child to start, or behind others. */
	g_queue_remove(&c->calls, call);
	call_fail_later(call, QVMI_ERROR_TIMEOUT, "the rule was busy or still starting");
	return G_SOURCE_REMOVE;
}

static GBytes *question(gint64 id, const char *function, JsonNode *input)
{
	JsonObject *object = json_object_new();
	g_autoptr(JsonNode) node = json_node_of(object);
	g_autofree char *text = NULL;
	char *line;

	json_object_set_int_member(object, "id", id);
	json_object_set_string_member(object, "function", function);
	json_object_set_member(object, "input", input);
	text = json_text(node);
	line = g_strconcat(text, "\n", NULL);
	return g_bytes_new_take(line, strlen(line));
}

void rule_child_call(
    struct rule_child *c, const char *function, JsonNode *input, rule_child_fn done, void *data)
{
	struct call *call = g_new0(struct call, 1);

	call->child = c;
	call->id = ++c->last_id;
	call->line = question(call->id, function, input);
	call->done = done;
	call->data = data;
	ensure_started(c);
	if (c->state == OFF) {
		call_fail_later(
		    call, QVMI_ERROR_UNAVAILABLE, c->problem ? c->problem : "not started");
	} else if (g_queue_get_length(&c->calls) >= RULE_MAX_CALLS) {
		call_fail_later(call, QVMI_ERROR_EXHAUSTED, "too many questions wait for the rule");
	} else if (g_bytes_get_size(call->line) > MAX_QUESTION) {
		call_fail_later(call, QVMI_ERROR_TOO_LARGE, "the question is longer than 1 MiB");
	} else {
		call->timer = g_timeout_add(RULE_DEADLINE_MS, deadline, call);
		g_queue_push_tail(&c->calls, call);
		ask_next(c);
	}
}

struct rule_child *rule_child_new(const char *program, const char *script)
{
	struct rule_child *c = g_new0(struct rule_child, 1);

	c->program = g_strdup(program);
	c->script = g_strdup(script);
	rule_process_init(&c->process);
	c->answer = g_byte_array_new();
	g_queue_init(&c->calls);
	g_queue_init(&c->failed);
	ensure_started(c);
	return c;
}

void rule_child_free(struct rule_child *c)
{
	g_autoptr(GError) gone =
	    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_CANCELLED, "the rule is being stopped");
	struct call *call;

	if (!c)
		return;
	stop(c, true);
	clear_source(&c->idle_source);
	while ((call = g_queue_pop_head(&c->calls)) || (call = g_queue_pop_head(&c->failed)))
		call_finish(call, NULL, gone);
	g_byte_array_unref(c->answer);
	g_free(c->problem);
	g_free(c->program);
	g_free(c->script);
	g_free(c);
}

const char *rule_child_problem(const struct rule_child *c)
{
	return c->problem;
}

void rule_child_complain(struct rule_child *c, const char *problem)
{
	set_problem(c, problem);
}
