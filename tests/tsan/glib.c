/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ThreadSanitizer does not see how GLib, which is not built with it, hands data from one thread to
 * another, and would call each such hand-over a race. Here what our code calls for it is wrapped
 * (ld(1), --wrap; the list is in tests/module.mk) and says what it orders: what was done before a
 * push, an attach or a release is seen by whoever takes it. Each object orders for itself only, so
 * a hand-over that is missing is still found.
 */
#include <gio/gio.h>
#include <sanitizer/tsan_interface.h>

#define WRAP(type, name, ...)                                                                      \
	type __real_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

/* --- locks --- */

WRAP(void, g_mutex_lock, GMutex *mutex)
{
	__real_g_mutex_lock(mutex);
	__tsan_acquire(mutex);
}

WRAP(void, g_mutex_unlock, GMutex *mutex)
{
	__tsan_release(mutex);
	__real_g_mutex_unlock(mutex);
}

WRAP(void, g_cond_wait, GCond *cond, GMutex *mutex)
{
	__tsan_release(mutex);
	__real_g_cond_wait(cond, mutex);
	__tsan_acquire(mutex);
}

WRAP(gboolean, g_cond_wait_until, GCond *cond, GMutex *mutex, gint64 end)
{
	__tsan_release(mutex);
	gboolean woken = __real_g_cond_wait_until(cond, mutex, end);
	__tsan_acquire(mutex);
	return woken;
}

/* --- a task: there with its data, back with its result --- */

static void run_task(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	GTaskThreadFunc function = g_object_get_data(G_OBJECT(task), "tsan");
	__tsan_acquire(task);
	function(task, source, data, cancellable);
}

WRAP(void, g_task_run_in_thread, GTask *task, GTaskThreadFunc function)
{
	g_object_set_data(G_OBJECT(task), "tsan", (gpointer)function);
	__tsan_release(task);
	__real_g_task_run_in_thread(task, run_task);
}

WRAP(void, g_task_return_boolean, GTask *task, gboolean result)
{
	__tsan_release(task);
	__real_g_task_return_boolean(task, result);
}

WRAP(void, g_task_return_error, GTask *task, GError *error)
{
	__tsan_release(task);
	__real_g_task_return_error(task, error);
}

WRAP(void, g_task_return_pointer, GTask *task, gpointer result, GDestroyNotify destroy)
{
	__tsan_release(task);
	__real_g_task_return_pointer(task, result, destroy);
}

WRAP(gboolean, g_task_propagate_boolean, GTask *task, GError **error)
{
	__tsan_acquire(task);
	return __real_g_task_propagate_boolean(task, error);
}

WRAP(gpointer, g_task_propagate_pointer, GTask *task, GError **error)
{
	__tsan_acquire(task);
	return __real_g_task_propagate_pointer(task, error);
}

WRAP(gpointer, g_task_get_task_data, GTask *task)
{
	__tsan_acquire(task);
	return __real_g_task_get_task_data(task);
}

/* --- a pool: what is pushed --- */

struct pool {
	GFunc function;
	gpointer data;
};

static void run_pushed(gpointer pushed, gpointer pointer)
{
	const struct pool *pool = pointer;
	__tsan_acquire(pushed);
	pool->function(pushed, pool->data);
	__tsan_release(pointer);
}

WRAP(GThreadPool *, g_thread_pool_new, GFunc function, gpointer data, gint threads,
    gboolean exclusive, GError **error)
{
	struct pool *pool = g_new(struct pool, 1);
	*pool = (struct pool){function, data};
	return __real_g_thread_pool_new(run_pushed, pool, threads, exclusive, error);
}

WRAP(gboolean, g_thread_pool_push, GThreadPool *pool, gpointer data, GError **error)
{
	__tsan_release(data);
	return __real_g_thread_pool_push(pool, data, error);
}

/* Who waits for its threads sees what they have done. */
WRAP(void, g_thread_pool_free, GThreadPool *threads, gboolean immediate, gboolean wait)
{
	struct pool *pool = threads->user_data;
	__real_g_thread_pool_free(threads, immediate, wait);
	if (!wait)
		return; /* they may still use it */
	__tsan_acquire(pool);
	g_free(pool);
}

/* --- a callback for the main loop --- */

struct callback {
	gatomicrefcount references;
	GSourceFunc function;
	gpointer data;
	GDestroyNotify notify;
};

static void callback_ref(gpointer pointer)
{
	struct callback *callback = pointer;
	g_atomic_ref_count_inc(&callback->references);
}

static void callback_unref(gpointer pointer)
{
	struct callback *callback = pointer;
	if (!g_atomic_ref_count_dec(&callback->references))
		return;
	__tsan_acquire(callback);
	if (callback->notify)
		callback->notify(callback->data);
	g_free(callback);
}

/* Who dispatches it, or looks for it by its data. */
static void callback_get(gpointer pointer, GSource *source, GSourceFunc *function, gpointer *data)
{
	(void)source;
	const struct callback *callback = pointer;
	__tsan_acquire(pointer);
	*function = callback->function;
	*data = callback->data;
}

WRAP(guint, g_idle_add_full, gint priority, GSourceFunc function, gpointer data,
    GDestroyNotify notify)
{
	static GSourceCallbackFuncs functions = {callback_ref, callback_unref, callback_get};
	struct callback *callback = g_new(struct callback, 1);
	*callback = (struct callback){.function = function, .data = data, .notify = notify};
	g_atomic_ref_count_init(&callback->references);
	g_autoptr(GSource) source = g_idle_source_new();
	g_source_set_priority(source, priority);
	g_source_set_callback_indirect(source, callback, &functions);
	__tsan_release(callback);
	return g_source_attach(source, NULL);
}

WRAP(guint, g_idle_add, GSourceFunc function, gpointer data)
{
	return __wrap_g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, function, data, NULL);
}
