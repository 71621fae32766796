/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/error.h"
#include "common/json.h"
#include "console/api.h"
#include "console/audit.h"

static void check_lease(struct audit *audit, JsonObject *lease, GHashTable *by_phone,
    GHashTable *by_slot, GHashTable *phones)
{
	JsonObject *phone = json_get_optional_object(lease, "phone", NULL);
	const char *id = api_string(lease, "id"), *uuid = phone ? api_string(phone, "uuid") : "";
	g_autofree char *slot = g_strjoin("\n", api_string(lease, "user"),
	    api_string(lease, "pool"), api_string(lease, "slot"), NULL);
	JsonObject *known = g_hash_table_lookup(phones, uuid);

	audit->checked[AUDIT_I2]++;
	audit->checked[AUDIT_I3]++;
	if (!g_hash_table_add(by_phone, g_strdup(uuid)))
		audit_broken(audit, AUDIT_I2, "phone %s has two live leases", uuid);
	if (!g_hash_table_add(by_slot, g_steal_pointer(&slot)))
		audit_broken(audit, AUDIT_I2, "%s has two live leases of pool %s in slot %s",
		    api_string(lease, "user"), api_string(lease, "pool"),
		    api_string(lease, "slot"));
	if (!known || !g_str_equal(api_string(known, "lease"), id))
		audit_broken(audit, AUDIT_I3, "lease %s: phone %s %s", id, uuid,
		    known ? "does not know of it" : "is not recorded");
}

/* "lost": its host answers, and knows no such phone. Where that was ordered it would be on its way
 * out: "destroying", or not recorded any more. */
static void check_phone(struct audit *audit, JsonObject *phone)
{
	const char *state = api_string(phone, "state"), *use = api_string(phone, "use");
	const char *uuid = api_string(phone, "uuid"), *host = api_string(phone, "host");

	audit->checked[AUDIT_I6]++;
	if (g_str_equal(state, "lost") && !g_str_equal(use, "destroying"))
		audit_broken(
		    audit, AUDIT_I6, "phone %s is gone from %s and nobody ordered it", uuid, host);
	if (g_str_equal(state, "unknown"))
		audit_unchecked(
		    audit, AUDIT_I6, "phone %s: its host %s does not answer", uuid, host);
	if (g_str_equal(use, "foreign"))
		audit_broken(
		    audit, AUDIT_I4, "phone %s on %s stands in no record of the pool", uuid, host);
}

static GHashTable *check_phones(struct audit *audit, GPtrArray *nodes)
{
	GHashTable *phones = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned i = 0; i < nodes->len; i++) {
		JsonArray *list = api_list(nodes->pdata[i], "phones");
		for (unsigned k = 0; k < json_array_get_length(list); k++) {
			JsonObject *phone = json_array_get_object_element(list, k);
			g_hash_table_insert(phones, (char *)api_string(phone, "uuid"), phone);
			check_phone(audit, phone);
		}
	}
	return phones;
}

bool audit_pool(struct audit *audit, struct http_client *pool, GError **error)
{
	/* Leases first: a phone outlives its lease. */
	g_autoptr(GPtrArray) leases = api_pages(pool, "/v1/leases", error);
	g_autoptr(GPtrArray) list = leases ? api_pages(pool, "/v1/phones", error) : NULL;

	if (!list)
		return false;
	g_autoptr(GHashTable) phones = check_phones(audit, list);
	g_autoptr(GHashTable) by_phone =
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) by_slot =
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	for (unsigned i = 0; i < leases->len; i++) {
		JsonArray *page = api_list(leases->pdata[i], "leases");
		for (unsigned k = 0; k < json_array_get_length(page); k++)
			check_lease(audit, json_array_get_object_element(page, k), by_phone,
			    by_slot, phones);
	}
	return true;
}
