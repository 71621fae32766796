/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/error.h"
#include "common/json.h"
#include "pool/allocator.h"
#include "pool/api.h"
#include "pool/lifecycle.h"
#include "pool/name.h"
#include "pool/view.h"

#define PAGE 100
#define PAGE_MAX 1000

/* A request that is answered later, and whom to ask then. */
struct pending {
	struct http_request *request;
	struct manager *manager;
	char *id;
};

static struct pending *hold(struct http_request *request, struct manager *m, const char *id)
{
	struct pending *p = g_new(struct pending, 1);

	*p = (struct pending){request, m, g_strdup(id)};
	http_request_hold(request);
	return p;
}

static void pending_free(struct pending *p)
{
	g_free(p->id);
	g_free(p);
}

static void leased(const struct lease_record *lease, bool fresh, const GError *error, void *data)
{
	struct pending *p = data;

	if (error) {
		http_respond_error(p->request, error);
	} else {
		JsonObject *object = view_lease(p->manager, lease);

		json_object_set_boolean_member(object, "fresh", fresh);
		api_respond_object(p->request, fresh ? 201 : 200, object);
	}
	pending_free(p);
}

static bool parse(struct http_request *request, struct lease_request *q, GError **error)
{
	JsonObject *body = http_request_json(request, error);
	g_autoptr(GError) e = NULL;

	if (!body || !(q->user = json_get_string(body, "user", 256, error)) ||
	    !(q->pool = json_get_string(body, "pool", NAME_MAX_LENGTH, error)))
		return false;
	q->slot = json_get_optional_string(body, "slot", NAME_MAX_LENGTH, &e);
	if (e) {
		g_propagate_error(error, g_steal_pointer(&e));
		return false;
	}
	if (!q->slot)
		q->slot = "default";
	q->key = http_request_header(request, "idempotency-key");
	return name_check_user(q->user, error) && name_check(q->pool, "pool", error) &&
	       name_check(q->slot, "slot", error);
}

void api_lease_make(struct http_request *request, void *data)
{
	struct manager *m = data;
	struct lease_request q = {0};
	g_autoptr(GError) error = NULL;

	if (parse(request, &q, &error))
		allocator_lease(m, &q, leased, hold(request, m, NULL));
	else
		http_respond_error(request, error);
}

void api_lease_list(struct http_request *request, void *data)
{
	struct manager *m = data;
	struct lease_filter filter = {.user = http_request_query(request, "user"),
	    .phone = http_request_query(request, "phone"),
	    .pool = http_request_query(request, "pool"),
	    .after = http_request_query(request, "after")};
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = NULL;
	g_autoptr(JsonArray) array = json_array_new();
	const char *next = NULL;

	if (api_flag(request, "ended", &filter.ended, &error) &&
	    api_limit(request, PAGE, PAGE_MAX, &filter.limit, &error)) {
		filter.limit++; /* is there more? */
		list = lease_record_list(m->db, &filter, &error);
	}
	if (!list) {
		http_respond_error(request, error);
		return;
	}
	for (unsigned i = 0; i < list->len && (int)i < filter.limit - 1; i++)
		json_array_add_object_element(array, view_lease(m, list->pdata[i]));
	if ((int)list->len == filter.limit)
		next = ((struct lease_record *)list->pdata[list->len - 2])->id;
	api_respond_list(request, "leases", g_steal_pointer(&array), next);
}

void api_lease_get(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autoptr(GError) error = NULL;
	AUTO(lease_record)
	lease = lease_record_get(m->db, http_request_parameter(request, "id"), &error);

	if (lease)
		api_respond_object(request, 200, view_lease(m, lease));
	else
		http_respond_error(request, error);
}

/* 204: what follows has happened. 202: it is recorded, and will when the host can. */
static void ended(const GError *error, void *data)
{
	struct pending *p = data;

	if (error)
		g_message("lease %s has ended; its phone will follow: %s", p->id, error->message);
	http_respond_empty(p->request, error ? 202 : 204);
	pending_free(p);
}

void api_lease_end(struct http_request *request, void *data)
{
	struct manager *m = data;
	const char *id = http_request_parameter(request, "id");
	g_autofree char *who = api_caller(request);
	g_autofree char *why = g_strdup_printf("ended by %s", who);
	g_autoptr(GError) error = NULL;
	struct pending *p = hold(request, m, id);

	if (lifecycle_end_lease(m, id, why, who, ended, p, &error))
		return;
	http_respond_error(request, error);
	pending_free(p);
}
