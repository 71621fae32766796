/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/uaas_client.h"

#include "broker/oidc/provider_metadata.h"
#include "common/error.h"
#include "common/json.h"

#define ANSWER_MAX (16 * 1024)

struct entry {
	struct voucher *voucher; /* NULL: there is no such organisation */
	int64_t until;           /* monotonic, us */
};

struct uaas_client {
	struct http_client *http;
	GHashTable *cache; /* domain -> struct entry */
	int64_t cache_us;
};

struct question {
	struct uaas_client *client;
	char *organisation;
	uaas_found_fn done;
	void *data;
};

void voucher_free(struct voucher *voucher)
{
	if (!voucher)
		return;
	g_free(voucher->organisation);
	g_free(voucher->issuer);
	g_free(voucher->client_id);
	g_free(voucher);
}

struct voucher *voucher_copy(const struct voucher *voucher)
{
	struct voucher *copy = g_new0(struct voucher, 1);
	copy->organisation = g_strdup(voucher->organisation);
	copy->issuer = g_strdup(voucher->issuer);
	copy->client_id = g_strdup(voucher->client_id);
	return copy;
}

static void entry_free(void *data)
{
	struct entry *entry = data;
	voucher_free(entry->voucher);
	g_free(entry);
}

struct uaas_client *uaas_client_new(
    const struct http_client_options *options, int64_t cache_s, GError **error)
{
	struct http_client_options bounded = *options;
	bounded.max_answer = ANSWER_MAX;
	AUTO(uaas_client) client = g_new0(struct uaas_client, 1);
	client->cache_us = cache_s * G_USEC_PER_SEC;
	client->cache = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
	client->http = http_client_new(&bounded, error);
	return client->http ? g_steal_pointer(&client) : NULL;
}

void uaas_client_free(struct uaas_client *client)
{
	if (!client)
		return;
	http_client_free(client->http);
	g_hash_table_unref(client->cache);
	g_free(client);
}

/* Takes the voucher, which may be NULL. */
static const struct voucher *remember(
    struct uaas_client *client, const char *organisation, struct voucher *voucher)
{
	if (g_hash_table_size(client->cache) >= UAAS_CLIENT_MAX_CACHED)
		g_hash_table_remove_all(client->cache);
	struct entry *entry = g_new0(struct entry, 1);
	entry->voucher = voucher;
	entry->until = g_get_monotonic_time() + client->cache_us;
	g_hash_table_replace(client->cache, g_strdup(organisation), entry);
	return voucher;
}

static struct voucher *read_voucher(
    const struct http_reply *reply, const char *organisation, GError **error)
{
	JsonObject *object = reply->json ? json_node_get_object(reply->json) : NULL;
	const char *issuer =
	    object ? json_get_string(object, "issuer", PROVIDER_METADATA_MAX_URL, error) : NULL;
	const char *client_id = issuer ? json_get_string(object, "client_id", 255, error) : NULL;
	g_autofree char *origin = client_id ? provider_origin(issuer, error) : NULL;
	if (!origin) {
		g_prefix_error(error, "the UAAS answered: ");
		if (!object)
			g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "the UAAS answered something else than JSON");
		return NULL;
	}
	struct voucher *voucher = g_new0(struct voucher, 1);
	voucher->organisation = g_strdup(organisation);
	voucher->issuer = g_strdup(issuer);
	voucher->client_id = g_strdup(client_id);
	return voucher;
}

static void answered(const struct http_reply *reply, const GError *error, void *data)
{
	struct question *question = data;
	g_autoptr(GError) failure = NULL;
	bool unknown = g_error_matches(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	struct voucher *voucher =
	    error ? NULL : read_voucher(reply, question->organisation, &failure);
	if (voucher || unknown)
		remember(question->client, question->organisation, voucher);
	/* The cache may go while we tell. */
	AUTO(voucher) told = voucher ? voucher_copy(voucher) : NULL;
	question->done(told, unknown ? NULL : error ? error : failure, question->data);
	g_free(question->organisation);
	g_free(question);
}

void uaas_client_find(struct uaas_client *client, const char *organisation, unsigned timeout_ms,
    uaas_found_fn done, void *data)
{
	const struct entry *entry = g_hash_table_lookup(client->cache, organisation);
	if (entry && g_get_monotonic_time() < entry->until) {
		AUTO(voucher) told = entry->voucher ? voucher_copy(entry->voucher) : NULL;
		return done(told, NULL, data);
	}
	struct question *question = g_new0(struct question, 1);
	question->client = client;
	question->organisation = g_strdup(organisation);
	question->done = done;
	question->data = data;
	g_autofree char *path = http_path("/v1/organisations/%s", organisation);
	const struct http_call call = {.method = "GET", .path = path, .timeout_ms = timeout_ms};
	http_client_call(client->http, &call, NULL, answered, question);
}
