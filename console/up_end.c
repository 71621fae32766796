/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/up_end.h"

#include "common/error.h"
#include "common/json.h"
#include "console/api.h"

#define GONE_WAIT_S 30
#define STOP_S 20 /* for a phone to power off by itself */
#define PHONES "/v1/phones?limit=1000"

static void warn(const char *doing, const char *what, GError *error)
{
	g_warning("%s %s: %s", doing, what, error->message);
}

/* A call that must not stop the rest. */
static void try(struct http_client *client, const char *method, char *path, JsonObject *body)
{
	g_autofree char *owned = path;
	g_autoptr(GError) error = NULL;

	if (!api_do(client, method, owned, body, &error) &&
	    !g_error_matches(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND))
		warn(method, owned, error);
}

static JsonNode *list(struct http_client *pool, const char *path)
{
	g_autoptr(GError) error = NULL;
	JsonNode *node = api_call(pool, "GET", path, NULL, &error);

	if (!node)
		warn("GET", path, error);
	return node;
}

static void close_sessions(struct http_client *broker)
{
	g_autoptr(JsonNode) node = list(broker, "/v1/sessions?all=1");
	JsonArray *sessions = node ? api_list(node, "sessions") : NULL;

	for (unsigned i = 0; sessions && i < json_array_get_length(sessions); i++) {
		JsonObject *session = json_array_get_object_element(sessions, i);
		try(broker, "DELETE", http_path("/v1/sessions/%s", api_string(session, "session")),
		    NULL);
	}
}

static void stop_pools(struct http_client *pool)
{
	g_autoptr(JsonNode) node = list(pool, "/v1/pools");
	JsonArray *pools = node ? api_list(node, "pools") : NULL;

	for (unsigned i = 0; pools && i < json_array_get_length(pools); i++) {
		const char *name = api_string(json_array_get_object_element(pools, i), "name");
		JsonObject *change = json_object_new();
		json_object_set_int_member(change, "ready", 0);
		try(pool, "PATCH", http_path("/v1/pools/%s", name), change);
	}
}

static bool is_volatile(JsonArray *pools, const char *name)
{
	for (unsigned i = 0; i < json_array_get_length(pools); i++) {
		JsonObject *one = json_array_get_object_element(pools, i);
		bool value = false;
		if (g_str_equal(api_string(one, "name"), name) &&
		    json_get_optional_bool(one, "volatile", false, &value, NULL))
			return value;
	}
	return false;
}

void up_end_leases(struct http_client *pool)
{
	g_autoptr(JsonNode) pools_node = list(pool, "/v1/pools");
	g_autoptr(JsonNode) node = list(pool, "/v1/leases");

	if (!pools_node || !node)
		return;
	JsonArray *leases = api_list(node, "leases"), *pools = api_list(pools_node, "pools");
	for (unsigned i = 0; i < json_array_get_length(leases); i++) {
		JsonObject *lease = json_array_get_object_element(leases, i);
		if (is_volatile(pools, api_string(lease, "pool")))
			try(pool, "DELETE", http_path("/v1/leases/%s", api_string(lease, "id")),
			    NULL);
	}
}

static bool runs(JsonObject *phone)
{
	const char *state = api_string(phone, "state");
	return g_str_equal(state, "running") || g_str_equal(state, "creating") ||
	       g_str_equal(state, "stopping");
}

static unsigned count_running(struct http_client *pool)
{
	unsigned n = 0;
	g_autoptr(JsonNode) node = list(pool, PHONES);
	JsonArray *phones = node ? api_list(node, "phones") : NULL;

	for (unsigned i = 0; phones && i < json_array_get_length(phones); i++)
		n += runs(json_array_get_object_element(phones, i));
	return n;
}

static void stop_phone(struct http_client *client, const char *uuid, bool force)
{
	JsonObject *how = json_object_new();

	json_object_set_boolean_member(how, "force", force);
	json_object_set_int_member(how, "timeout_s", STOP_S);
	try(client, "POST", http_path("/v1/phones/%s/stop", uuid), how);
}

/* A clone that waits for a user holds nothing. One that is somebody's goes off, its disk stays.
 * Those that are being destroyed are on their way. */
static void end_phone(const struct up_end *end, JsonObject *phone)
{
	const char *uuid = api_string(phone, "uuid"), *use = api_string(phone, "use");

	if (g_str_equal(use, "ready") || g_str_equal(use, "creating"))
		try(end->pool, "DELETE", http_path("/v1/phones/%s", uuid), NULL);
	else if (!g_str_equal(use, "destroying") && !g_str_equal(use, "releasing") && runs(phone))
		stop_phone(end->pool, uuid, *end->in_a_hurry);
}

static void run_context(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

void up_end_phones(const struct up_end *end)
{
	close_sessions(end->broker);
	stop_pools(end->pool);
	if (end->fresh)
		up_end_leases(end->pool);
	g_autoptr(JsonNode) node = list(end->pool, PHONES);
	JsonArray *phones = node ? api_list(node, "phones") : NULL;
	for (unsigned i = 0; phones && i < json_array_get_length(phones); i++) {
		end_phone(end, json_array_get_object_element(phones, i));
		run_context();
	}
	gint64 until = g_get_monotonic_time() + GONE_WAIT_S * G_USEC_PER_SEC;
	while (
	    count_running(end->pool) > 0 && g_get_monotonic_time() < until && !*end->in_a_hurry) {
		g_usleep(100000);
		run_context();
	}
}

void up_end_rest(struct http_client *qvisord)
{
	g_autoptr(JsonNode) node = list(qvisord, "/v1/phones?state=running");
	JsonArray *phones = node ? api_list(node, "phones") : NULL;

	for (unsigned i = 0; phones && i < json_array_get_length(phones); i++) {
		const char *uuid = api_string(json_array_get_object_element(phones, i), "uuid");
		g_message("phone %s still runs; stopping it", uuid);
		stop_phone(qvisord, uuid, true);
	}
}
