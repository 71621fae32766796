/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/memory.h"

void memory_free(struct memory *memory)
{
	if (!memory)
		return;
	g_free(memory->session);
	g_free(memory->blocks);
	g_free(memory);
}

void memories_init(struct memories *m)
{
	m->list = g_ptr_array_new_with_free_func((GDestroyNotify)memory_free);
}

void memories_finish(struct memories *m)
{
	g_ptr_array_unref(m->list);
}

void memories_add(struct memories *m, struct memory *memory)
{
	if (!memory)
		return;
	if (m->list->len == MEMORIES_MAX)
		g_ptr_array_remove_index(m->list, 0);
	g_ptr_array_add(m->list, memory);
}

void memories_tick(struct memories *m, int64_t now_us)
{
	while (m->list->len && now_us - ((struct memory *)m->list->pdata[0])->left_us > MEMORY_US)
		g_ptr_array_remove_index(m->list, 0);
}

static bool has_stopped(const struct memory *memory, const struct mtp_place *place)
{
	for (unsigned i = 0; place->sequence && i < MEMORY_UPDATES; i++)
		if (memory->updates[i].sequence == place->sequence)
			return memory->updates[i].checksum == place->checksum;
	return false;
}

struct memory *memories_take(struct memories *m, const char *session, const struct mtp_place *place)
{
	for (guint i = 0; place->token && i < m->list->len; i++) {
		struct memory *memory = m->list->pdata[i];
		if (memory->token != place->token || !g_str_equal(memory->session, session))
			continue;
		memory = g_ptr_array_steal_index(m->list, i);
		if (has_stopped(memory, place))
			return memory;
		memory_free(memory);
		return NULL;
	}
	return NULL;
}
