/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * uaasd: says which provider vouches for a company's people. Brokers ask by mutual TLS; the
 * operator, on the UNIX socket, changes what it says.
 */
#include <string.h>
#include <unistd.h>

#include "broker/uaas/organisation.h"
#include "common/daemon.h"
#include "common/error.h"
#include "common/http_server.h"
#include "common/json.h"

#define PAGE 500
#define MAX_BODY (16 * 1024)

/* clang-format off */
static const struct config_key keys[] = {
    {"database", "path", CONFIG_PATH, NULL, 0, 0, "SQLite file of the organisations"},
    {"listen", "address", CONFIG_STRING, "0.0.0.0", 0, 0, "address of the listener for brokers (mutual TLS)"},
    {"listen", "port", CONFIG_INT, "8447", 1, 65535, "its port"},
    {"listen", "certificate", CONFIG_PATH, NULL, 0, 0, "PEM certificate (chain) of the listener; unset: the socket only"},
    {"listen", "key", CONFIG_PATH, NULL, 0, 0, "PEM private key of the certificate"},
    {"listen", "client-ca", CONFIG_PATH, NULL, 0, 0, "CA that brokers' certificates must be of"},
    {"listen", "unix", CONFIG_PATH, NULL, 0, 0, "admin socket, for our own uid and root"},
    {0},
};
/* clang-format on */

static JsonObject *organisation_json(const struct organisation *organisation)
{
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "domain", organisation->domain);
	json_object_set_string_member(object, "issuer", organisation->issuer);
	json_object_set_string_member(object, "client_id", organisation->client_id);
	json_object_set_int_member(object, "changed", organisation->changed);
	return object;
}

/* Brokers read; who may write is on the socket, as the kernel says. */
static bool guard(struct http_request *request, const struct http_route *route, GError **error)
{
	const struct http_peer *peer = http_request_peer(request);
	bool is_operator =
	    peer->kind == HTTP_PEER_UNIX && (peer->uid == 0 || peer->uid == geteuid());
	bool reads_one = g_str_equal(route->method, "GET") && strchr(route->pattern, '{');
	if (is_operator || (peer->kind == HTTP_PEER_MUTUAL_TLS && reads_one))
		return true;
	g_set_error_literal(
	    error, QVMI_ERROR, QVMI_ERROR_DENIED, "this is for the operator, on the admin socket");
	return false;
}

static void find(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	AUTO(organisation)
	organisation = organisation_find(data, http_request_parameter(request, "domain"), &error);
	if (!organisation)
		return http_respond_error(request, error);
	http_respond_json(request, 200, json_node_of(organisation_json(organisation)));
}

static void list(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	const char *after = http_request_query(request, "after");
	g_autoptr(GPtrArray) all = organisation_list(data, after ? after : "", PAGE, &error);
	if (!all)
		return http_respond_error(request, error);
	JsonArray *array = json_array_sized_new(all->len);
	for (unsigned i = 0; i < all->len; i++)
		json_array_add_object_element(array, organisation_json(all->pdata[i]));
	JsonObject *object = json_object_new();
	json_object_set_array_member(object, "organisations", array);
	if (all->len == PAGE) {
		const struct organisation *last = all->pdata[PAGE - 1];
		json_object_set_string_member(object, "next", last->domain);
	}
	http_respond_json(request, 200, json_node_of(object));
}

static void put(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	JsonObject *body = http_request_json(request, &error);
	const char *issuer = body && json_check_members(body, "issuer client_id", &error)
	                         ? json_get_string(body, "issuer", 1024, &error)
	                         : NULL;
	const char *client_id = issuer ? json_get_string(body, "client_id", 255, &error) : NULL;
	AUTO(organisation) organisation = g_new0(struct organisation, 1);
	organisation->domain = g_strdup(http_request_parameter(request, "domain"));
	organisation->issuer = g_strdup(issuer);
	organisation->client_id = g_strdup(client_id);
	organisation->changed = g_get_real_time() / G_USEC_PER_SEC;
	if (!client_id || !organisation_put(data, organisation, &error))
		return http_respond_error(request, error);
	g_message("%s is vouched for by %s", organisation->domain, issuer);
	http_respond_json(request, 200, json_node_of(organisation_json(organisation)));
}

static void remove_one(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	const char *domain = http_request_parameter(request, "domain");
	if (!organisation_remove(data, domain, &error))
		return http_respond_error(request, error);
	g_message("%s was removed", domain);
	http_respond_empty(request, 204);
}

static const struct http_route routes[] = {
    {.method = "GET", .pattern = "/v1/organisations", .handler = list},
    {.method = "GET", .pattern = "/v1/organisations/{domain}", .handler = find},
    {.method = "PUT", .pattern = "/v1/organisations/{domain}", .handler = put},
    {.method = "DELETE", .pattern = "/v1/organisations/{domain}", .handler = remove_one},
    {.method = NULL},
};

static bool listen_all(struct http_server *server, const struct config *config, GError **error)
{
	const char *certificate = config_string(config, "listen", "certificate");
	const struct http_listen local = {.unix_path = daemon_require(config, "listen", "unix")};
	if (!http_server_listen(server, &local, error))
		return false;
	if (!certificate)
		return true;
	const struct http_listen tls = {
	    .address = config_string(config, "listen", "address"),
	    .port = (uint16_t)config_int(config, "listen", "port"),
	    .certificate_file = certificate,
	    .key_file = daemon_require(config, "listen", "key"),
	    .client_ca_file = daemon_require(config, "listen", "client-ca"),
	};
	return http_server_listen(server, &tls, error);
}

int main(int argc, char **argv)
{
	AUTO(daemon)
	daemon = daemon_new(
	    "uaasd", "says which provider vouches for a company's people", keys, argc, argv);
	const struct config *config = daemon_config(daemon);
	g_autoptr(GError) error = NULL;
	AUTO(database)
	database =
	    database_open(daemon_require(config, "database", "path"), organisation_schema, &error);
	if (!database)
		daemon_fail("opening the records", error);
	AUTO(http_server) server = http_server_new(routes, database);
	http_server_set_guard(server, guard);
	http_server_set_max_body(server, MAX_BODY);
	if (!listen_all(server, config, &error))
		daemon_fail("listening", error);
	http_server_set_ready(server, true);
	return daemon_run(daemon);
}
