/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/work.h"

#include "common/error.h"
#include "common/json.h"
#include "pool/move.h"
#include "pool/record_volume.h"
#include "pool/work_question.h"
#include "pool/work_record.h"

#define FORGET_US (60 * G_USEC_PER_SEC)

struct waiter {
	work_fn done;
	void *data;
};

struct task {
	struct work_task task; /* with strings of its own */
	GArray *waiters;       /* of struct waiter */
	bool counted;          /* in host->cloning */
};

struct phone_work {
	struct manager *manager;
	char *uuid;
	GQueue tasks; /* of struct task; the head is under way when `running` */
	bool running;
	guint source;
	int64_t ended; /* monotonic */
	struct backoff backoff;
};

static void next(struct phone_work *w);

static void task_free(struct task *t)
{
	g_free((char *)t->task.uuid);
	g_free((char *)t->task.host);
	g_free((char *)t->task.template);
	g_free((char *)t->task.name);
	g_free((char *)t->task.volume);
	g_array_unref(t->waiters);
	g_free(t);
}

static struct task *task_new(const struct work_task *task)
{
	struct task *t = g_new0(struct task, 1);

	t->task = *task;
	t->task.uuid = g_strdup(task->uuid);
	t->task.host = g_strdup(task->host);
	t->task.template = g_strdup(task->template);
	t->task.name = g_strdup(task->name);
	t->task.volume = g_strdup(task->volume);
	t->waiters = g_array_new(FALSE, FALSE, sizeof(struct waiter));
	return t;
}

static void phone_work_free(struct phone_work *w)
{
	if (w->source)
		g_source_remove(w->source);
	g_queue_clear_full(&w->tasks, (GDestroyNotify)task_free);
	g_free(w->uuid);
	g_free(w);
}

GHashTable *work_table_new(void)
{
	return g_hash_table_new_full(
	    g_str_hash, g_str_equal, NULL, (GDestroyNotify)phone_work_free);
}

static struct host *host_of(struct phone_work *w, struct task *t)
{
	return g_hash_table_lookup(w->manager->hosts, t->task.host);
}

static void count(struct phone_work *w, struct task *t, bool cloning)
{
	struct host *host = host_of(w, t);

	if (t->task.kind != WORK_CREATE || t->counted == cloning)
		return;
	t->counted = cloning;
	if (host)
		host->cloning = cloning ? host->cloning + 1 : host->cloning - MIN(host->cloning, 1);
}

/* The head is over. Waiters may add work from their callbacks; that goes behind. */
static void finish(struct phone_work *w, const GError *error)
{
	struct task *t = g_queue_pop_head(&w->tasks);
	int64_t now = world_monotonic(&w->manager->world);

	w->running = false;
	w->ended = now;
	if (error)
		backoff_fail(&w->backoff, now);
	count(w, t, false);
	if (t->task.kind == WORK_CREATE)
		metric_add(w->manager->meters.clones, error ? "failed" : "made", 1);
	for (unsigned i = 0; i < t->waiters->len; i++) {
		struct waiter *waiter = &g_array_index(t->waiters, struct waiter, i);

		waiter->done(error, waiter->data);
	}
	task_free(t);
	if (!w->manager->closing)
		next(w);
}

/* --- answers --- */

/* Keeps what the host says the phone is now; false: it says nothing of it. */
static bool learn(struct phone_work *w, struct task *t, const struct http_reply *reply)
{
	struct host *host = host_of(w, t);
	struct phone_truth *truth = NULL;

	if (host && reply->json && JSON_NODE_HOLDS_OBJECT(reply->json))
		truth = phone_truth_parse(json_node_get_object(reply->json), NULL);
	if (truth && g_strcmp0(truth->uuid, w->uuid) == 0) {
		g_hash_table_replace(host->phones, truth->uuid, truth);
		return true;
	}
	phone_truth_free(truth);
	return false;
}

static void succeed(struct phone_work *w, struct task *t)
{
	g_autoptr(GError) error = NULL;

	if (t->task.kind == WORK_CREATE)
		work_record_created(w->manager, w->uuid, &error);
	else if (t->task.kind == WORK_EQUIP)
		volume_record_set_made(w->manager->db, t->task.volume, &error);
	else if (t->task.kind == WORK_DESTROY)
		work_record_destroyed(w->manager, w->uuid, t->task.host, &error);
	finish(w, error);
}

static void undo(struct phone_work *w, struct task *t, const GError *cause)
{
	struct host *host = host_of(w, t);
	g_autoptr(GError) error = NULL;

	if (host)
		host_clone_failed(
		    host, t->task.template, cause->message, world_monotonic(&w->manager->world));
	if (!work_record_undone(w->manager, w->uuid, cause, &error))
		g_warning("phone %s: cannot record that it could not be created: %s", w->uuid,
		    error->message);
}

static void fail(struct phone_work *w, struct task *t, const GError *error)
{
	/* Cancelled: the host is being closed, we may be ending. The records say how far it came.
	 */
	if (t->task.kind == WORK_CREATE && error->code != QVMI_ERROR_CANCELLED)
		undo(w, t, error);
	else if (t->task.kind == WORK_CONNECT)
		g_message("phone %s may not yet reach what its pool says, and nothing less: %s",
		    w->uuid, error->message);
	finish(w, error);
}

static bool reached(struct phone_work *w, struct task *t)
{
	const struct phone_truth *truth = manager_truth(w->manager, t->task.host, w->uuid);

	if (!truth)
		return false;
	if (t->task.kind == WORK_CONNECT)
		return true;
	if (t->task.kind != WORK_STOP && t->task.kind != WORK_SUSPEND)
		return truth->state == PHONE_STATE_RUNNING;
	return truth->state == PHONE_STATE_OFF || truth->state == PHONE_STATE_SUSPENDED;
}

/* The host's description, asked for after an answer that did not hold one. */
static void looked(const struct http_reply *reply, const GError *error, void *data)
{
	struct phone_work *w = data;
	struct task *t = g_queue_peek_head(&w->tasks);
	g_autoptr(GError) unmoved = NULL;

	if (!error)
		learn(w, t, reply);
	if (!error && reached(w, t)) {
		succeed(w, t);
		return;
	}
	if (!error)
		unmoved = g_error_new(QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "phone %s is in the middle of something else on host '%s'; try again", w->uuid,
		    t->task.host);
	fail(w, t, error ? error : unmoved);
}

static void ask(
    struct phone_work *w, struct task *t, const struct http_call *call, http_reply_fn done)
{
	struct host *host = host_of(w, t);
	g_autoptr(GError) gone = NULL;

	if (host) {
		host_call(host, HOST_QVISORD, call, NULL, done, w);
		return;
	}
	if (call->body)
		json_node_unref(call->body);
	g_set_error(&gone, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "host '%s' is not recorded any more",
	    t->task.host);
	done(NULL, gone, w);
}

static void answered(const struct http_reply *reply, const GError *error, void *data)
{
	struct phone_work *w = data;
	struct task *t = g_queue_peek_head(&w->tasks);
	g_autofree char *path = NULL;

	if (t->task.kind == WORK_DESTROY) {
		if (!error || error->code == QVMI_ERROR_NOT_FOUND)
			succeed(w, t);
		else
			fail(w, t, error);
		return;
	}
	if (error && (error->code != QVMI_ERROR_CONFLICT || t->task.kind == WORK_EQUIP ||
	                 t->task.kind == WORK_CONNECT)) {
		fail(w, t, error);
		return;
	}
	if (!error && learn(w, t, reply) && reached(w, t)) {
		succeed(w, t);
		return;
	}
	/* "It is there already", or no description came along: look. */
	path = http_path("/v1/phones/%s", w->uuid);
	ask(w, t, &(struct http_call){.method = "GET", .path = path}, looked);
}

/* What waits behind it is for where the phone is now. */
static void moved(const GError *error, void *data)
{
	struct phone_work *w = data;
	AUTO(phone_record) r = phone_record_get(w->manager->db, w->uuid, NULL);

	for (GList *i = w->tasks.head; r && i; i = i->next) {
		struct task *t = i->data;

		g_free((char *)t->task.host);
		t->task.host = g_strdup(r->host);
	}
	finish(w, error);
}

static gboolean run_head(gpointer data)
{
	struct phone_work *w = data;
	struct task *t = g_queue_peek_head(&w->tasks);
	g_autoptr(GError) error = NULL;

	if (t->task.kind == WORK_MOVE) {
		w->source = 0;
		move_begin(w->manager, w->uuid, t->task.host, moved, w);
		return G_SOURCE_REMOVE;
	}
	AUTO(work_question) question = work_question_new(w->manager, &t->task, &error);

	w->source = 0;
	if (question)
		ask(w, t, &question->call, answered);
	else
		finish(w, error);
	return G_SOURCE_REMOVE;
}

static void next(struct phone_work *w)
{
	if (w->running || g_queue_is_empty(&w->tasks))
		return;
	w->running = true;
	w->source = g_idle_add_full(G_PRIORITY_DEFAULT, run_head, w, NULL);
}

static struct phone_work *work_of(struct manager *m, const char *uuid)
{
	struct phone_work *w = g_hash_table_lookup(m->work, uuid);

	if (w)
		return w;
	w = g_new0(struct phone_work, 1);
	w->manager = m;
	w->uuid = g_strdup(uuid);
	g_queue_init(&w->tasks);
	g_hash_table_insert(m->work, w->uuid, w);
	return w;
}

/* The one too many; told like any other. */
struct refusal {
	work_fn done;
	void *data;
};

static gboolean refuse(gpointer data)
{
	struct refusal *r = data;
	g_autoptr(GError) error = g_error_new_literal(QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "too much is waiting to be done to this phone; try again later");

	r->done(error, r->data);
	return G_SOURCE_REMOVE;
}

void work_add(struct manager *m, const struct work_task *task, work_fn done, void *data)
{
	struct phone_work *w = work_of(m, task->uuid);
	struct task *t = g_queue_peek_tail(&w->tasks);
	struct waiter waiter = {done, data};

	if (!t || t->task.kind != task->kind || t->task.discard != task->discard) {
		if (g_queue_get_length(&w->tasks) >= WORK_MAX_TASKS) {
			struct refusal *r = done ? g_new(struct refusal, 1) : NULL;

			if (r) {
				*r = (struct refusal){done, data};
				g_idle_add_full(G_PRIORITY_DEFAULT, refuse, r, g_free);
			}
			return;
		}
		t = task_new(task);
		g_queue_push_tail(&w->tasks, t);
		count(w, t, true);
	}
	if (done)
		g_array_append_val(t->waiters, waiter);
	next(w);
}

bool work_settled(struct manager *m, const char *uuid, int64_t since)
{
	struct phone_work *w = g_hash_table_lookup(m->work, uuid);

	return !w || (g_queue_is_empty(&w->tasks) && w->ended < since);
}

bool work_resting(struct manager *m, const char *uuid, int64_t now)
{
	struct phone_work *w = g_hash_table_lookup(m->work, uuid);

	return w && !backoff_over(&w->backoff, now);
}

static gboolean idle_for_long(gpointer uuid, gpointer work, gpointer now)
{
	struct phone_work *w = work;

	(void)uuid;
	return g_queue_is_empty(&w->tasks) && w->ended + FORGET_US < *(int64_t *)now &&
	       backoff_over(&w->backoff, *(int64_t *)now);
}

void work_tidy(struct manager *m, int64_t now)
{
	g_hash_table_foreach_remove(m->work, idle_for_long, &now);
}
