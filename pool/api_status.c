/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/error.h"
#include "common/json.h"
#include "pool/api.h"
#include "pool/openapi.h"
#include "pool/view.h"

#define PAGE 100
#define PAGE_MAX 1000

static void count(JsonObject *object, const char *member)
{
	int64_t n =
	    json_object_has_member(object, member) ? json_object_get_int_member(object, member) : 0;

	json_object_set_int_member(object, member, n + 1);
}

static JsonObject *hosts_status(struct manager *m)
{
	JsonObject *object = json_object_new();

	json_object_set_int_member(object, "total", g_hash_table_size(m->hosts));
	json_object_set_int_member(object, "reachable", manager_reachable_hosts(m));
	return object;
}

/* Phones by use ("leased") and by state ("running"). */
static bool phones_status(struct manager *m, JsonObject *status, GError **error)
{
	struct phone_filter filter = {.host = NULL};
	g_autoptr(GPtrArray) records = phone_record_list(m->db, &filter, error);
	JsonObject *use = json_object_new(), *state = json_object_new();

	json_object_set_object_member(status, "phones", use);
	json_object_set_object_member(status, "states", state);
	json_object_set_int_member(use, "total", records ? records->len : 0);
	for (unsigned i = 0; records && i < records->len; i++) {
		const struct phone_record *r = records->pdata[i];

		count(use, view_phone_use(r));
		count(state, view_phone_state(r, manager_truth(m, r->host, r->uuid),
		                 manager_host(m, r->host, NULL)));
	}
	return records != NULL;
}

void api_status(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autoptr(JsonObject) status = json_object_new();
	g_autoptr(GError) error = NULL;
	int open = order_record_count_open(m->db, &error);

	if (open < 0 || !phones_status(m, status, &error)) {
		http_respond_error(request, error);
		return;
	}
	json_object_set_string_member(status, "version", QVMI_VERSION);
	json_object_set_int_member(
	    status, "uptime_s", (world_now(&m->world) - m->started) / G_USEC_PER_SEC);
	json_object_set_object_member(status, "hosts", hosts_status(m));
	json_object_set_int_member(status, "orders_open", open);
	json_object_set_object_member(status, "rules", rules_status(m->rules));
	api_respond_object(request, 200, g_steal_pointer(&status));
}

static void add_order(const struct order_record *order, void *data)
{
	json_array_add_object_element(data, view_order(order));
}

/* Newest first; ?before=ID is the page after. */
void api_orders(struct http_request *request, void *data)
{
	struct manager *m = data;
	const char *text = http_request_query(request, "before");
	g_autoptr(JsonArray) array = json_array_new();
	g_autoptr(GError) error = NULL;
	guint64 before = 0;
	int limit;

	if (text && !g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT64, &before, NULL))
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"before\" has to be the id of an order");
	if (error || !api_limit(request, PAGE, PAGE_MAX, &limit, &error) ||
	    !order_record_each(m->db, http_request_query(request, "phone"), (int64_t)before, limit,
	        add_order, array, &error))
		http_respond_error(request, error);
	else
		api_respond_list(request, "orders", g_steal_pointer(&array), NULL);
}

void api_openapi(struct http_request *request, void *data)
{
	g_autoptr(GBytes) page =
	    g_bytes_new_static(openapi_start, (gsize)(openapi_end - openapi_start));

	(void)data;
	http_respond_bytes(request, 200, "application/yaml", page);
}
