/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/registration.h"

#include "common/error.h"
#include "common/http_client.h"
#include "common/json.h"

#define AGAIN_S 30
#define AGAIN_AFTER_FAILURE_S 3
#define TIMEOUT_MS 10000

struct registration {
	const struct config *config;
	const char *host_id, *url;
	struct http_client *pool;
	guint timer;
	bool registered, told; /* told: the problem is in the log */
	char *problem;
};

static JsonNode *statement(const struct registration *r)
{
	JsonObject *body = json_object_new(), *mtp = json_object_new();
	const char *mtpd = config_string(r->config, "pool", "mtpd-url");
	const char *address = config_string(r->config, "pool", "mtp-address");

	json_object_set_string_member(body, "id", r->host_id);
	json_object_set_string_member(body, "url", config_string(r->config, "pool", "own-url"));
	if (mtpd)
		json_object_set_string_member(body, "mtpd_url", mtpd);
	if (address)
		json_object_set_string_member(mtp, "address", address);
	json_object_set_int_member(mtp, "port", config_int(r->config, "pool", "mtp-port"));
	json_object_set_int_member(
	    mtp, "websocket_port", config_int(r->config, "pool", "websocket-port"));
	json_object_set_object_member(body, "mtp", mtp);
	return json_node_of(body);
}

static gboolean say(gpointer data);

static void answered(const struct http_reply *reply, const GError *error, void *data)
{
	struct registration *r = data;

	(void)reply;
	if (error && error->code == QVMI_ERROR_CANCELLED)
		return; /* being freed */
	if (error && !r->told)
		g_warning("the pool at %s does not take this host: %s; trying again", r->url,
		    error->message);
	if (!error && !r->registered)
		g_message("registered with the pool at %s as '%s'", r->url, r->host_id);
	r->registered = !error;
	r->told = error != NULL;
	g_free(r->problem);
	r->problem = error ? g_strdup(error->message) : NULL;
	r->timer = g_timeout_add_seconds(error ? AGAIN_AFTER_FAILURE_S : AGAIN_S, say, r);
}

static gboolean say(gpointer data)
{
	struct registration *r = data;

	r->timer = 0;
	http_client_call(r->pool,
	    &(struct http_call){.method = "POST", .path = "/v1/hosts", .body = statement(r)}, NULL,
	    answered, r);
	return G_SOURCE_REMOVE;
}

static bool check(const struct config *config, GError **error)
{
	static const char *const needed[] = {"ca", "certificate", "key", "own-url"};

	for (unsigned i = 0; i < G_N_ELEMENTS(needed); i++) {
		if (config_string(config, "pool", needed[i]))
			continue;
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "pool.url needs pool.%s: see --help-config", needed[i]);
		return false;
	}
	return true;
}

struct registration *registration_new(
    const char *host_id, const struct config *config, GError **error)
{
	AUTO(registration) r = g_new0(struct registration, 1);
	struct http_client_options options = {
	    .base_url = config_string(config, "pool", "url"),
	    .ca_file = config_string(config, "pool", "ca"),
	    .certificate_file = config_string(config, "pool", "certificate"),
	    .key_file = config_string(config, "pool", "key"),
	    .timeout_ms = TIMEOUT_MS,
	    .name = "poold",
	};

	if (!options.base_url || !check(config, error))
		return NULL;
	r->config = config;
	r->host_id = host_id;
	r->url = options.base_url;
	r->pool = http_client_new(&options, error);
	if (!r->pool)
		return NULL;
	r->timer = g_idle_add(say, r);
	return g_steal_pointer(&r);
}

void registration_free(struct registration *r)
{
	if (!r)
		return;
	g_clear_handle_id(&r->timer, g_source_remove);
	http_client_free(r->pool);
	g_free(r->problem);
	g_free(r);
}

JsonNode *registration_json(const struct registration *r)
{
	JsonObject *object;

	if (!r)
		return NULL;
	object = json_object_new();
	json_object_set_string_member(object, "url", r->url);
	json_object_set_boolean_member(object, "registered", r->registered);
	if (r->problem)
		json_object_set_string_member(object, "problem", r->problem);
	return json_node_of(object);
}
