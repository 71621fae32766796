/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/error.h"
#include "common/json.h"
#include "pool/api.h"
#include "pool/lifecycle.h"
#include "pool/view.h"
#include "pool/worker.h"

static void respond_pool(struct http_request *request, struct manager *m, unsigned status,
    const struct pool_record *pool)
{
	g_autoptr(GError) error = NULL;
	JsonObject *object = view_pool(m, pool, &error);

	if (object)
		api_respond_object(request, status, object);
	else
		http_respond_error(request, error);
}

void api_pool_list(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) pools = pool_record_list(m->db, &error);
	g_autoptr(JsonArray) array = json_array_new();

	for (unsigned i = 0; pools && i < pools->len && !error; i++) {
		JsonObject *object = view_pool(m, pools->pdata[i], &error);

		if (object)
			json_array_add_object_element(array, object);
	}
	if (error)
		http_respond_error(request, error);
	else
		api_respond_list(request, "pools", g_steal_pointer(&array), NULL);
}

void api_pool_get(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autoptr(GError) error = NULL;
	AUTO(pool_record)
	pool = pool_record_get(m->db, http_request_parameter(request, "name"), &error);

	if (pool)
		respond_pool(request, m, 200, pool);
	else
		http_respond_error(request, error);
}

/* A rule that no pool uses any more needs no process, and has no failures to show. */
static void drop_unused_rules(struct manager *m)
{
	g_autoptr(GPtrArray) pools = pool_record_list(m->db, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	g_ptr_array_add(names, (char *)"allocate");
	g_ptr_array_add(names, (char *)"replenish");
	for (unsigned i = 0; pools && i < pools->len; i++)
		g_ptr_array_add(names, ((struct pool_record *)pools->pdata[i])->rule);
	g_ptr_array_add(names, NULL);
	if (pools)
		rules_keep(m->rules, (const char *const *)names->pdata);
}

/* Checked, saved, looked after. */
static bool save(struct manager *m, const struct pool_record *pool, GError **error)
{
	if (!rules_check(m->rules, pool->rule, error) || !pool_record_save(m->db, pool, error))
		return false;
	rules_prepare(m->rules, pool->rule);
	drop_unused_rules(m);
	worker_soon(m);
	return true;
}

void api_pool_put(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autoptr(GError) error = NULL;
	JsonObject *body = http_request_json(request, &error);
	AUTO(pool_record) pool = body ? pool_record_parse(body, &error) : NULL;
	AUTO(pool_record) before = pool ? pool_record_get(m->db, pool->name, NULL) : NULL;

	if (pool && save(m, pool, &error))
		respond_pool(request, m, before ? 200 : 201, pool);
	else
		http_respond_error(request, error);
}

void api_pool_patch(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autoptr(GError) error = NULL;
	JsonObject *body = http_request_json(request, &error);
	AUTO(pool_record)
	pool =
	    body ? pool_record_get(m->db, http_request_parameter(request, "name"), &error) : NULL;

	if (pool && pool_record_patch(pool, body, &error) && save(m, pool, &error))
		respond_pool(request, m, 200, pool);
	else
		http_respond_error(request, error);
}

void api_pool_delete(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autofree char *who = api_caller(request);
	g_autoptr(GError) error = NULL;

	if (!lifecycle_delete_pool(m, http_request_parameter(request, "name"), who, &error)) {
		http_respond_error(request, error);
		return;
	}
	drop_unused_rules(m);
	http_respond_empty(request, 204);
}
