/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/error.h"
#include "common/host_certificate.h"
#include "common/json.h"
#include "pool/api.h"
#include "pool/view.h"

static gint by_id(gconstpointer a, gconstpointer b)
{
	return g_strcmp0(a, b);
}

void api_host_list(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autoptr(GList) ids = g_list_sort(g_hash_table_get_keys(m->hosts), by_id);
	JsonArray *array = json_array_new();

	for (GList *i = ids; i; i = i->next)
		json_array_add_object_element(
		    array, view_host(g_hash_table_lookup(m->hosts, i->data)));
	api_respond_list(request, "hosts", array, NULL);
}

void api_host_get(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	struct host *host = manager_host(data, http_request_parameter(request, "id"), &error);

	if (host)
		api_respond_object(request, 200, view_host(host));
	else
		http_respond_error(request, error);
}

/* A host speaks for itself, and of places that a network has. */
static bool check_itself(
    struct http_request *request, const struct host_record *record, GError **error)
{
	const char *id = host_certificate_id(http_request_peer(request));

	if (!id)
		return true;
	if (!g_str_equal(id, record->id)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_DENIED,
		    "the certificate is host '%s''s: it cannot register '%s'", id, record->id);
		return false;
	}
	if (!g_str_has_prefix(record->url, "https://") ||
	    (record->mtpd_url && !g_str_has_prefix(record->mtpd_url, "https://"))) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "a host that registers itself is reached by https://HOST:PORT");
		return false;
	}
	return true;
}

void api_host_put(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autoptr(GError) error = NULL;
	JsonObject *body = http_request_json(request, &error);
	struct host_record *record = body ? host_record_parse(body, &error) : NULL;
	g_autofree char *id = record ? g_strdup(record->id) : NULL;
	bool known = id && manager_host(m, id, NULL);

	if (record && !check_itself(request, record, &error))
		g_clear_pointer(&record, host_record_free);
	if (record && manager_add_host(m, record, &error))
		api_respond_object(
		    request, known ? 200 : 201, view_host(manager_host(m, id, NULL)));
	else
		http_respond_error(request, error);
}

void api_host_patch(struct http_request *request, void *data)
{
	struct manager *m = data;
	const char *id = http_request_parameter(request, "id");
	g_autoptr(GError) error = NULL;
	JsonObject *body = http_request_json(request, &error);
	const char *duty = body ? json_get_string(body, "duty", 32, &error) : NULL;
	enum host_duty wanted;

	if (duty && host_duty_parse(duty, &wanted, &error) &&
	    manager_set_duty(m, id, wanted, &error))
		api_respond_object(request, 200, view_host(manager_host(m, id, NULL)));
	else
		http_respond_error(request, error);
}

void api_host_delete(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autofree char *who = api_caller(request);
	g_autoptr(GError) error = NULL;
	bool force;

	if (api_flag(request, "force", &force, &error) &&
	    manager_remove_host(m, http_request_parameter(request, "id"), force, who, &error))
		http_respond_empty(request, 204);
	else
		http_respond_error(request, error);
}
