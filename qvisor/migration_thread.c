/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/migration_thread.h"

struct work {
	void (*run)(void *data);
	void (*done)(void *data);
	void *data;
};

static gboolean on_done(void *pointer)
{
	g_autofree struct work *work = pointer;
	work->done(work->data);
	return G_SOURCE_REMOVE;
}

static void *main_of_thread(void *pointer)
{
	const struct work *work = pointer;
	work->run(work->data);
	g_idle_add_full(G_PRIORITY_DEFAULT, on_done, pointer, NULL);
	return NULL;
}

void migration_thread(void (*run)(void *data), void (*done)(void *data), void *data)
{
	struct work *work = g_new(struct work, 1);
	*work = (struct work){run, done, data};
	g_thread_unref(g_thread_new("migration", main_of_thread, work));
}
