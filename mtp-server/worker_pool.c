/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/worker_pool.h"

#include "common/error.h"
#include "mtp-server/worker_process.h"

struct member { /* a viewer */
	struct worker_process *process;
	worker_failed failed;
	void *data;
	int stream; /* until it has been handed over; -1 */
	char *session;
	JsonObject *request; /* until then */
	uint64_t frames;
};

struct thumbnail {
	struct worker_process *process;
	unsigned width;
	bool asked;
	int64_t id;
	worker_thumbnail_done done;
	void *data;
};

#define THUMBNAILS_MAX 64 /* waiting, over all phones */

struct worker_pool {
	struct worker_process_options process;
	char *display_socket, *program, *reader;
	unsigned linger_s, max;
	uid_t first_uid;
	GHashTable *processes; /* struct worker_process, by phone; owned */
	GHashTable *slots;     /* numbers in use, for uids */
	GPtrArray *members;    /* struct member; owned */
	GPtrArray *thumbnails; /* struct thumbnail; owned */
	int64_t last_id;
};

static void member_free(gpointer pointer)
{
	struct member *m = pointer;
	fd_cleanup(&m->stream);
	g_clear_pointer(&m->request, json_object_unref);
	g_free(m->session);
	g_free(m);
}

static unsigned users_of(const struct worker_pool *pool, const struct worker_process *process)
{
	unsigned n = 0;
	for (guint i = 0; i < pool->members->len; i++)
		n += ((struct member *)pool->members->pdata[i])->process == process;
	for (guint i = 0; i < pool->thumbnails->len; i++)
		n += ((struct thumbnail *)pool->thumbnails->pdata[i])->process == process;
	return n;
}

/* Nobody left: it stays a little, because people come back. */
static void settle(struct worker_pool *pool, struct worker_process *process)
{
	if (process)
		worker_process_linger(
		    process, users_of(pool, process) ? 0 : MAX(pool->linger_s, 1));
}

static void finish_thumbnail(
    struct worker_pool *pool, struct thumbnail *t, GBytes *jpeg, const GError *error)
{
	struct worker_process *process = t->process;
	t->done(jpeg, error, t->data);
	g_ptr_array_remove(pool->thumbnails, t);
	if (!error)
		settle(pool, process);
}

/* --- a process's events --- */

static void hand_over(struct worker_pool *pool, struct worker_process *process)
{
	for (guint i = 0; i < pool->members->len; i++) {
		struct member *m = pool->members->pdata[i];
		if (m->process == process && m->request) {
			worker_process_send(process, g_steal_pointer(&m->request), m->stream);
			close(fd_steal(&m->stream));
		}
	}
	for (guint i = 0; i < pool->thumbnails->len; i++) {
		struct thumbnail *t = pool->thumbnails->pdata[i];
		if (t->process == process && !t->asked) {
			t->asked = true;
			worker_process_ask_thumbnail(process, t->id, t->width);
		}
	}
}

static void on_ready(struct worker_process *process, void *data)
{
	hand_over(data, process);
}

static void on_counters(
    struct worker_process *process, const char *session, uint64_t frames, void *data)
{
	struct worker_pool *pool = data;
	for (guint i = 0; i < pool->members->len; i++) {
		struct member *m = pool->members->pdata[i];
		if (m->process == process && g_str_equal(m->session, session))
			m->frames = frames;
	}
}

static void on_thumbnail(
    struct worker_process *process, int64_t id, GBytes *jpeg, const GError *error, void *data)
{
	struct worker_pool *pool = data;
	for (guint i = 0; i < pool->thumbnails->len; i++) {
		struct thumbnail *t = pool->thumbnails->pdata[i];
		if (t->process == process && t->id == id) {
			finish_thumbnail(pool, t, jpeg, error);
			settle(pool, process);
			return;
		}
	}
}

/* The process has ended, or never began, because of `error`. */
static void on_ended(struct worker_process *process, const GError *error, void *data)
{
	struct worker_pool *pool = data;
	for (guint i = pool->members->len; i-- > 0;) {
		struct member *m = pool->members->pdata[i];
		if (m->process != process)
			continue;
		m->process = NULL;
		/* Who was handed over sees the stream's end. */
		if (m->request)
			m->failed(error, m->data);
		/* The callback may have removed others. */
		i = MIN(i, pool->members->len);
	}
	for (guint i = pool->thumbnails->len; i-- > 0;) {
		struct thumbnail *t = pool->thumbnails->pdata[i];
		if (t->process == process)
			finish_thumbnail(pool, t, NULL, error);
	}
	g_hash_table_remove(pool->slots, GUINT_TO_POINTER(worker_process_slot(process) + 1));
	g_hash_table_remove(pool->processes, worker_process_phone(process));
}

/* --- the pool --- */

struct worker_pool *worker_pool_new(const struct worker_pool_options *options)
{
	static const struct worker_process_events events = {.ready = on_ready,
	    .counters = on_counters,
	    .thumbnail = on_thumbnail,
	    .ended = on_ended};
	struct worker_pool *pool = g_new0(struct worker_pool, 1);
	pool->display_socket = g_strdup(options->display_socket);
	pool->program = g_strdup(options->program);
	pool->reader = g_strdup(options->reader);
	pool->linger_s = options->linger_s;
	pool->first_uid = options->first_uid;
	pool->max = options->max;
	pool->process = (struct worker_process_options){.display_socket = pool->display_socket,
	    .program = pool->program,
	    .reader = pool->reader,
	    .mode_pixels = options->mode_pixels,
	    .events = &events,
	    .data = pool};
	pool->processes = g_hash_table_new_full(
	    g_str_hash, g_str_equal, NULL, (GDestroyNotify)worker_process_free);
	pool->slots = g_hash_table_new(NULL, NULL);
	pool->members = g_ptr_array_new_with_free_func(member_free);
	pool->thumbnails = g_ptr_array_new_with_free_func(g_free);
	return pool;
}

void worker_pool_free(struct worker_pool *pool)
{
	if (!pool)
		return;
	g_autoptr(GError) error = g_error_new(
	    QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "this host's display server is going down");
	while (pool->thumbnails->len)
		finish_thumbnail(pool, pool->thumbnails->pdata[0], NULL, error);
	g_hash_table_unref(pool->processes);
	g_hash_table_unref(pool->slots);
	g_ptr_array_unref(pool->members);
	g_ptr_array_unref(pool->thumbnails);
	g_free(pool->display_socket);
	g_free(pool->program);
	g_free(pool->reader);
	g_free(pool);
}

/* The phone's process, started if need be. */
static struct worker_process *find_process(
    struct worker_pool *pool, const char *phone, GError **error)
{
	struct worker_process *process = g_hash_table_lookup(pool->processes, phone);
	if (process)
		return process;
	if (g_hash_table_size(pool->processes) >= pool->max) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "this host shows %u phones already; try again later", pool->max);
		return NULL;
	}
	unsigned slot = 0;
	while (g_hash_table_contains(pool->slots, GUINT_TO_POINTER(slot + 1)))
		slot++;
	struct worker_process_options options = pool->process;
	options.phone = phone;
	options.slot = slot;
	options.uid = pool->first_uid ? pool->first_uid + slot : 0;
	process = worker_process_new(&options, error);
	if (!process)
		return NULL;
	g_hash_table_add(pool->slots, GUINT_TO_POINTER(slot + 1));
	g_hash_table_insert(pool->processes, (gpointer)worker_process_phone(process), process);
	return process;
}

void worker_pool_join(struct worker_pool *pool, const struct worker_viewer *viewer, int stream,
    worker_failed failed, void *data)
{
	g_autoptr(GError) error = NULL;
	struct worker_process *process = find_process(pool, viewer->phone, &error);
	if (!process) {
		close(stream);
		failed(error, data);
		return;
	}
	struct member *m = g_new0(struct member, 1);
	m->process = process;
	m->failed = failed;
	m->data = data;
	m->stream = stream;
	m->session = g_strdup(viewer->session);
	m->request = worker_process_viewer_request(viewer);
	g_ptr_array_add(pool->members, m);
	settle(pool, process);
	if (worker_process_is_ready(process))
		hand_over(pool, process);
}

void worker_pool_leave(struct worker_pool *pool, void *data)
{
	for (guint i = 0; i < pool->members->len; i++) {
		struct member *m = pool->members->pdata[i];
		if (m->data != data)
			continue;
		struct worker_process *process = m->process;
		g_ptr_array_remove_index(pool->members, i);
		settle(pool, process);
		return;
	}
}

void worker_pool_end(struct worker_pool *pool, const char *phone, const char *session,
    enum mtp_bye_code code, const char *reason)
{
	struct worker_process *process = g_hash_table_lookup(pool->processes, phone);
	if (process && worker_process_is_ready(process))
		worker_process_end_viewer(process, session, code, reason);
}

uint64_t worker_pool_frames(struct worker_pool *pool, const char *phone, const char *session)
{
	struct worker_process *process = g_hash_table_lookup(pool->processes, phone);
	for (guint i = 0; process && i < pool->members->len; i++) {
		struct member *m = pool->members->pdata[i];
		if (m->process == process && g_str_equal(m->session, session))
			return m->frames;
	}
	return 0;
}

void worker_pool_thumbnail(struct worker_pool *pool, const char *phone, unsigned width,
    worker_thumbnail_done done, void *data)
{
	g_autoptr(GError) error = NULL;
	struct worker_process *process = NULL;
	if (pool->thumbnails->len >= THUMBNAILS_MAX)
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_RATE_LIMITED,
		    "%u thumbnails are being made already; ask again later", THUMBNAILS_MAX);
	else
		process = find_process(pool, phone, &error);
	if (!process) {
		done(NULL, error, data);
		return;
	}
	struct thumbnail *t = g_new0(struct thumbnail, 1);
	t->process = process;
	t->width = width;
	t->id = ++pool->last_id;
	t->done = done;
	t->data = data;
	g_ptr_array_add(pool->thumbnails, t);
	settle(pool, process);
	if (worker_process_is_ready(process))
		hand_over(pool, process);
}
