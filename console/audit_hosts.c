/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Several hosts: asked at once, and what must hold between them. */
#include "common/error.h"
#include "common/json.h"
#include "console/api.h"
#include "console/audit.h"

/* --- asking --- */

struct inquiry {
	struct audit_host *host;
	struct http_client *client;
	unsigned *open; /* questions of all hosts */
};

static void answered(
    const struct http_reply *reply, const GError *error, struct inquiry *inquiry, JsonNode **answer)
{
	struct audit_host *host = inquiry->host;

	--*inquiry->open;
	if (!error && reply->json && JSON_NODE_HOLDS_OBJECT(reply->json))
		*answer = json_node_copy(reply->json);
	else if (!host->error && error)
		host->error = g_error_copy(error);
	else if (!host->error)
		host->error = g_error_new(QVMI_ERROR, QVMI_ERROR_FAILED,
		    "the answer of qvisord on %s is no JSON object", host->id);
}

static void on_phones(const struct http_reply *reply, const GError *error, void *data)
{
	struct inquiry *inquiry = data;

	answered(reply, error, inquiry, &inquiry->host->phones);
}

static void on_about(const struct http_reply *reply, const GError *error, void *data)
{
	struct inquiry *inquiry = data;

	answered(reply, error, inquiry, &inquiry->host->about);
}

static void ask(struct inquiry *inquiry)
{
	struct audit_host *host = inquiry->host;
	g_autofree char *name = g_strdup_printf("qvisord on %s", host->id);
	const struct http_client_options options = {
	    .base_url = host->url, .name = name, .timeout_ms = AUDIT_DEADLINE_MS};

	g_clear_pointer(&host->phones, json_node_unref);
	g_clear_pointer(&host->about, json_node_unref);
	g_clear_error(&host->error);
	inquiry->client = http_client_new(&options, &host->error);
	if (!inquiry->client)
		return;
	*inquiry->open += 2;
	http_client_call(inquiry->client,
	    &(struct http_call){.method = "GET", .path = "/v1/phones?state=all"}, NULL, on_phones,
	    inquiry);
	http_client_call(inquiry->client, &(struct http_call){.method = "GET", .path = "/v1/host"},
	    NULL, on_about, inquiry);
}

void audit_hosts_ask(GPtrArray *hosts)
{
	g_autofree struct inquiry *inquiries = g_new0(struct inquiry, hosts->len);
	unsigned open = 0;

	for (unsigned i = 0; i < hosts->len; i++) {
		inquiries[i] = (struct inquiry){.host = hosts->pdata[i], .open = &open};
		ask(&inquiries[i]);
	}
	while (open)
		g_main_context_iteration(NULL, TRUE);
	for (unsigned i = 0; i < hosts->len; i++)
		http_client_free(inquiries[i].client);
}

/* --- between them --- */

/* One that comes, or leaves, is rightly on two for a moment; which of them has it is settled. */
static bool is_settled(JsonObject *phone)
{
	return !g_str_equal(api_string(phone, "state"), "creating") &&
	       !json_object_has_member(phone, "moving_to");
}

static const char *volume_of(JsonObject *phone)
{
	JsonObject *volume = json_get_optional_object(phone, "volume", NULL);

	return volume ? api_string(volume, "id") : NULL;
}

static void check_between(struct audit *audit, GHashTable *seen, const char *what, const char *id,
    enum audit_invariant invariant, const struct audit_host *host)
{
	const char *other = g_hash_table_lookup(seen, id);

	if (other && !g_str_equal(other, host->id))
		audit_broken(
		    audit, invariant, "%s %s is on %s and on %s", what, id, other, host->id);
	g_hash_table_insert(seen, (char *)(uintptr_t)id, host->id);
}

void audit_hosts(struct audit *audit, GPtrArray *hosts)
{
	g_autoptr(GHashTable) phones = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GHashTable) volumes = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned i = 0; i < hosts->len; i++) {
		struct audit_host *host = hosts->pdata[i];
		JsonArray *list = host->error ? NULL : api_list(host->phones, "phones");

		if (host->error)
			audit_unchecked(audit, AUDIT_I1, "%s", host->error->message);
		for (unsigned k = 0; list && k < json_array_get_length(list); k++) {
			JsonObject *phone = json_array_get_object_element(list, k);

			if (!is_settled(phone))
				continue;
			check_between(
			    audit, phones, "phone", api_string(phone, "uuid"), AUDIT_I1, host);
			if (volume_of(phone))
				check_between(
				    audit, volumes, "volume", volume_of(phone), AUDIT_I2, host);
		}
	}
}
