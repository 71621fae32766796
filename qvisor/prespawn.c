/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/prespawn.h"

#include "common/error.h"
#include "qvisor/phone_table.h"
#include "qvisor/spare.h"

#define QUIET_MS 250  /* since the last clone, before the next child is made */
#define RETRY_MS 5000 /* after one that failed, or when memory is short */

struct prespawn {
	struct host *host;
	unsigned limit;
	struct template *wanted; /* held by reference only: it may be deleted */
	struct spares *owned;
	GPtrArray *spares; /* struct spare *, being made or waiting */
	guint timer;
	bool verifying;
};

static void prespawn_schedule(struct prespawn *prespawn, unsigned delay_ms);

static void on_prepared(void *data, struct spare *spare, const GError *error)
{
	struct prespawn *prespawn = data;
	if (!error) {
		prespawn_schedule(prespawn, QUIET_MS);
		return;
	}
	g_ptr_array_remove_fast(prespawn->spares, spare);
	if (!g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED)) {
		g_warning("a child that waits for a clone request: %s", error->message);
		prespawn_schedule(prespawn, RETRY_MS);
	}
}

static void make_one(struct prespawn *prespawn)
{
	g_autoptr(GError) error = NULL;
	struct spare *spare = spare_new(prespawn->owned, prespawn->wanted, &error);
	if (!spare) {
		g_warning("no child can wait for a clone request: %s", error->message);
		prespawn_schedule(prespawn, RETRY_MS);
		return;
	}
	g_ptr_array_add(prespawn->spares, spare);
	spare_prepare(spare, -1);
}

/* --- when to make one --- */

static bool something_starts(const struct prespawn *prespawn)
{
	if (phone_table_starts(prespawn->host->phones))
		return true;
	for (unsigned i = 0; i < prespawn->spares->len; i++)
		if (!((struct spare *)g_ptr_array_index(prespawn->spares, i))->waits)
			return true;
	return false;
}

static bool memory_is_there(const struct prespawn *prespawn)
{
	uint64_t one = phone_memory_estimate_mib(prespawn->wanted->manifest);
	return host_memory_available_mib() >
	       prespawn->host->memory_reserve_mib + one * (prespawn->limit + 1);
}

static void on_verified(void *data, const GError *error)
{
	struct prespawn *prespawn = data;
	prespawn->verifying = false;
	if (error) /* the next clone says so */
		g_clear_pointer(&prespawn->wanted, template_free);
	else if (prespawn->wanted && prespawn->spares->len < prespawn->limit)
		make_one(prespawn);
}

static gboolean on_timer(void *data)
{
	struct prespawn *prespawn = data;
	prespawn->timer = 0;
	if (!prespawn->wanted || prespawn->verifying || prespawn->spares->len >= prespawn->limit)
		return G_SOURCE_REMOVE;
	if (something_starts(prespawn)) {
		prespawn_schedule(prespawn, QUIET_MS);
	} else if (!memory_is_there(prespawn)) {
		prespawn_schedule(prespawn, RETRY_MS);
	} else {
		prespawn->verifying = true;
		template_verify(prespawn->wanted, on_verified, prespawn);
	}
	return G_SOURCE_REMOVE;
}

static void prespawn_schedule(struct prespawn *prespawn, unsigned delay_ms)
{
	g_clear_handle_id(&prespawn->timer, g_source_remove);
	prespawn->timer = g_timeout_add(delay_ms, on_timer, prespawn);
}

/* --- */

struct prespawn *prespawn_new(struct host *host, unsigned limit)
{
	struct prespawn *prespawn = g_new0(struct prespawn, 1);
	prespawn->host = host;
	prespawn->limit = limit;
	prespawn->spares = g_ptr_array_new();
	prespawn->owned = spares_new(host, on_prepared, prespawn);
	return prespawn;
}

void prespawn_free(struct prespawn *prespawn)
{
	if (!prespawn)
		return;
	while (prespawn->spares->len)
		spare_end(g_ptr_array_index(prespawn->spares, 0));
	g_clear_handle_id(&prespawn->timer, g_source_remove);
	spares_free(prespawn->owned);
	g_ptr_array_unref(prespawn->spares);
	template_free(prespawn->wanted);
	g_free(prespawn);
}

void prespawn_want(struct prespawn *prespawn, struct template *template)
{
	if (!prespawn->limit)
		return;
	if (prespawn->wanted != template) {
		template_free(prespawn->wanted);
		prespawn->wanted = template_ref(template);
	}
	for (unsigned i = prespawn->spares->len; i-- > 0;) {
		struct spare *spare = g_ptr_array_index(prespawn->spares, i);
		if (spare->phone->template != template)
			spare_end(spare);
	}
	prespawn_schedule(prespawn, QUIET_MS);
}

static struct spare *find_waiting(const struct prespawn *prespawn, const struct template *template)
{
	for (unsigned i = 0; i < prespawn->spares->len; i++) {
		struct spare *spare = g_ptr_array_index(prespawn->spares, i);
		if (spare->waits && spare->phone->template == template)
			return spare;
	}
	return NULL;
}

struct phone *prespawn_take(struct prespawn *prespawn, const struct template *template,
    const char *uuid, const char *name, const char *idempotency_key, const char *digest)
{
	struct spare *spare = find_waiting(prespawn, template);
	g_autoptr(GError) error = NULL;
	if (!spare)
		return NULL;
	struct phone *phone = spare->phone;
	if (!phone_become(phone, uuid, name, idempotency_key, digest, &error)) {
		g_warning("a child that waited is of no use: %s", error->message);
		spare_end(spare);
		return NULL;
	}
	g_ptr_array_remove_fast(prespawn->spares, spare);
	return spare_take(spare);
}

void prespawn_drop(struct prespawn *prespawn, const char *template_name)
{
	if (!prespawn)
		return;
	if (prespawn->wanted && !g_strcmp0(prespawn->wanted->name, template_name))
		g_clear_pointer(&prespawn->wanted, template_free);
	for (unsigned i = prespawn->spares->len; i-- > 0;) {
		struct spare *spare = g_ptr_array_index(prespawn->spares, i);
		if (!g_strcmp0(spare->phone->template_name, template_name))
			spare_end(spare);
	}
}

JsonObject *prespawn_json(const struct prespawn *prespawn)
{
	JsonObject *object = json_object_new();
	JsonArray *children = json_array_new();
	unsigned ready = 0;
	for (unsigned i = 0; i < prespawn->spares->len; i++) {
		const struct spare *spare = g_ptr_array_index(prespawn->spares, i);
		JsonObject *child = json_object_new();
		json_object_set_string_member(child, "uuid", spare->phone->uuid);
		if (spare->phone->process)
			json_object_set_int_member(child, "pid", spare->phone->process->pid);
		json_object_set_string_member(child, "template", spare->phone->template_name);
		json_array_add_object_element(children, child);
		ready += spare->waits;
	}
	json_object_set_int_member(object, "limit", prespawn->limit);
	json_object_set_int_member(object, "ready", ready);
	json_object_set_array_member(object, "children", children);
	return object;
}
