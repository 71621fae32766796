/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/error.h"
#include "common/json.h"
#include "pool/api.h"
#include "pool/lifecycle.h"
#include "pool/name.h"
#include "pool/record_key.h"
#include "pool/view.h"

#define PAGE 1000
#define PAGE_MAX 4096

/* A request about one phone that is answered later. */
struct pending {
	struct http_request *request;
	struct manager *manager;
	unsigned status;
	char uuid[UUID_SIZE];
};

static struct pending *hold(
    struct http_request *request, struct manager *m, unsigned status, const char *uuid)
{
	struct pending *p = g_new0(struct pending, 1);

	*p = (struct pending){.request = request, .manager = m, .status = status};
	g_strlcpy(p->uuid, uuid ? uuid : "", sizeof p->uuid);
	http_request_hold(request);
	return p;
}

static void respond_phone(
    struct http_request *request, struct manager *m, unsigned status, const char *uuid)
{
	AUTO(phone_record) r = phone_record_get(m->db, uuid, NULL);
	struct host *host = r ? manager_host(m, r->host, NULL) : manager_find_phone(m, uuid);
	const struct phone_truth *truth = host ? g_hash_table_lookup(host->phones, uuid) : NULL;
	g_autoptr(GError) error = NULL;

	if (r || truth) {
		api_respond_object(request, status, view_phone(r, truth, host));
		return;
	}
	g_set_error(&error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
	    "there is no phone %s; see GET /v1/phones", uuid);
	http_respond_error(request, error);
}

static void worked(const GError *error, void *data)
{
	struct pending *p = data;

	if (error)
		http_respond_error(p->request, error);
	else
		respond_phone(p->request, p->manager, p->status, p->uuid);
	g_free(p);
}

/* 202: recorded; it follows when the host can. */
static void destroyed(const GError *error, void *data)
{
	struct pending *p = data;

	if (error)
		g_message("phone %s will be destroyed later: %s", p->uuid, error->message);
	http_respond_empty(p->request, error ? 202 : 204);
	g_free(p);
}

static void give_up(struct pending *p, const GError *error)
{
	http_respond_error(p->request, error);
	g_free(p);
}

/* --- the list --- */

struct listing {
	struct http_request *request;
	GPtrArray *phones; /* of JsonObject */
	const char *state, *host, *pool, *user, *after;
};

/* Does it pass the filters that the records' query does not know? "state" is one of what the host
 * says and what we use it for: both are words that people look for. */
static bool wanted(const struct listing *l, const struct phone_record *r,
    const struct phone_truth *t, const struct host *host)
{
	const char *uuid = r ? r->uuid : t->uuid;

	if (l->after && g_strcmp0(uuid, l->after) <= 0)
		return false;
	return !l->state || g_str_equal(l->state, "all") ||
	       g_str_equal(l->state, view_phone_state(r, t, host)) ||
	       g_str_equal(l->state, view_phone_use(r));
}

static void add_foreign(struct listing *l, const struct host *host, GHashTable *recorded)
{
	GHashTableIter iter;
	gpointer uuid, truth;

	if (l->pool || l->user || (l->host && !g_str_equal(l->host, host->record->id)))
		return;
	g_hash_table_iter_init(&iter, host->phones);
	while (g_hash_table_iter_next(&iter, &uuid, &truth))
		if (!g_hash_table_contains(recorded, uuid) && wanted(l, NULL, truth, host))
			g_ptr_array_add(l->phones, view_phone(NULL, truth, host));
}

static bool collect(struct listing *l, struct manager *m, GError **error)
{
	struct phone_filter filter = {.host = NULL};
	g_autoptr(GPtrArray) records = phone_record_list(m->db, &filter, error);
	g_autoptr(GHashTable) recorded = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	gpointer host;

	for (unsigned i = 0; records && i < records->len; i++) {
		const struct phone_record *r = records->pdata[i];
		const struct phone_truth *truth = manager_truth(m, r->host, r->uuid);

		g_hash_table_add(recorded, r->uuid);
		host = manager_host(m, r->host, NULL);
		if ((!l->host || g_str_equal(l->host, r->host)) &&
		    (!l->pool || g_strcmp0(l->pool, r->pool) == 0) &&
		    (!l->user || g_strcmp0(l->user, r->user) == 0) && wanted(l, r, truth, host))
			g_ptr_array_add(l->phones, view_phone(r, truth, host));
	}
	g_hash_table_iter_init(&iter, m->hosts);
	while (records && g_hash_table_iter_next(&iter, NULL, &host))
		add_foreign(l, host, recorded);
	return records != NULL;
}

static gint by_uuid(gconstpointer a, gconstpointer b)
{
	return g_strcmp0(json_object_get_string_member(*(JsonObject **)a, "uuid"),
	    json_object_get_string_member(*(JsonObject **)b, "uuid"));
}

void api_phone_list(struct http_request *request, void *data)
{
	g_autoptr(GPtrArray) phones =
	    g_ptr_array_new_with_free_func((GDestroyNotify)json_object_unref);
	struct listing l = {.request = request,
	    .phones = phones,
	    .state = http_request_query(request, "state"),
	    .host = http_request_query(request, "host"),
	    .pool = http_request_query(request, "pool"),
	    .user = http_request_query(request, "user"),
	    .after = http_request_query(request, "after")};
	g_autoptr(JsonArray) array = json_array_new();
	g_autoptr(GError) error = NULL;
	const char *next = NULL;
	int limit;

	if (!api_limit(request, PAGE, PAGE_MAX, &limit, &error) || !collect(&l, data, &error)) {
		http_respond_error(request, error);
		return;
	}
	g_ptr_array_sort(phones, by_uuid);
	for (unsigned i = 0; i < phones->len && (int)i < limit; i++)
		json_array_add_object_element(array, json_object_ref(phones->pdata[i]));
	if ((int)phones->len > limit)
		next = json_object_get_string_member(phones->pdata[limit - 1], "uuid");
	api_respond_list(request, "phones", g_steal_pointer(&array), next);
}

/* --- one phone --- */

void api_phone_get(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	const char *uuid = api_uuid(request, &error);

	if (uuid)
		respond_phone(request, data, 200, uuid);
	else
		http_respond_error(request, error);
}

static bool parse_order(struct http_request *request, struct phone_order *order, GError **error)
{
	JsonObject *body = http_request_json(request, error);
	static const char *const members[] = {"pool", "template", "host", "name"};
	const char **fields[] = {&order->pool, &order->template, &order->host, &order->name};

	if (!body)
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(members); i++) {
		g_autoptr(GError) e = NULL;

		*fields[i] = json_get_optional_string(body, members[i], NAME_MAX_LENGTH, &e);
		if (e || (*fields[i] && !name_check(*fields[i], members[i], &e))) {
			g_propagate_error(error, g_steal_pointer(&e));
			return false;
		}
	}
	if (!order->pool == !order->template) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_INVALID, "say either \"pool\" or \"template\"");
		return false;
	}
	order->key = http_request_header(request, "idempotency-key");
	return !order->key || request_key_check(order->key, error);
}

void api_phone_make(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autofree char *who = api_caller(request);
	struct phone_order order = {.who = who};
	g_autofree char *digest = NULL, *known = NULL;
	g_autoptr(GError) error = NULL;
	struct pending *p = hold(request, m, 201, NULL);

	if (!parse_order(request, &order, &error)) {
		give_up(p, error);
		return;
	}
	digest = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, http_request_body(request));
	order.digest = digest;
	if (order.key)
		known = request_key_find(m->db, order.key, digest, &error);
	if (error) {
		give_up(p, error);
	} else if (known) {
		AUTO(phone_record) r = phone_record_get(m->db, known, &error);

		g_strlcpy(p->uuid, known, sizeof p->uuid);
		if (r && r->stage == PHONE_CREATING)
			work_add(m,
			    &(struct work_task){.kind = WORK_CREATE,
			        .uuid = r->uuid,
			        .host = r->host,
			        .template = r->template,
			        .name = r->name},
			    worked, p);
		else
			worked(error, p);
	} else if (!lifecycle_create_phone(m, &order, p->uuid, worked, p, &error)) {
		give_up(p, error);
	}
}

void api_phone_start(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autoptr(GError) error = NULL;
	const char *uuid = api_uuid(request, &error);
	bool has_body = g_bytes_get_size(http_request_body(request)) > 0, discard = false;
	JsonObject *body = uuid && has_body ? http_request_json(request, &error) : NULL;
	struct pending *p = hold(request, m, 200, uuid);

	if (!uuid || (has_body && !body) ||
	    (body && !json_get_optional_bool(body, "discard", false, &discard, &error)) ||
	    !lifecycle_start_phone(m, uuid, discard, worked, p, &error))
		give_up(p, error);
}

void api_phone_stop(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autoptr(GError) error = NULL;
	const char *uuid = api_uuid(request, &error);
	bool has_body = g_bytes_get_size(http_request_body(request)) > 0, force = false;
	gint64 timeout_s = 0;
	JsonObject *body = uuid && has_body ? http_request_json(request, &error) : NULL;
	struct pending *p = hold(request, m, 200, uuid);

	if (!uuid || (has_body && !body) ||
	    (body && !json_get_optional_bool(body, "force", false, &force, &error)) ||
	    (body && !json_get_optional_int(body, "timeout_s", 0, 600, 0, &timeout_s, &error)) ||
	    !lifecycle_stop_phone(m, uuid, force, (int)timeout_s, worked, p, &error))
		give_up(p, error);
}

void api_phone_destroy(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autofree char *who = api_caller(request);
	g_autoptr(GError) error = NULL;
	const char *uuid = api_uuid(request, &error);
	struct pending *p = hold(request, m, 204, uuid);
	bool force;

	if (!uuid || !api_flag(request, "force", &force, &error) ||
	    !lifecycle_destroy_phone(m, uuid, force, who, destroyed, p, &error))
		give_up(p, error);
}
