/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A simulated host: what qvisord would answer, from memory, with the failures that a test asks for.
 * It outlives the managers that talk to it, as a host does. Included once a test program.
 */
#pragma once

#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "pool/host.h"

struct simulated_phone {
	char *uuid, *key, *name, *network;
	const char *state;
};

struct simulated_host {
	const char *id;
	GHashTable *phones;  /* uuid -> struct simulated_phone * */
	GHashTable *volumes; /* id -> uuid of the phone that has it, or "" */
	bool away;           /* answers nothing: QVMI_ERROR_UNAVAILABLE */
	bool no_template;
	bool no_networks;  /* refuses to connect a phone anew */
	bool silent;       /* takes requests that change something, does them, and never answers */
	unsigned refuse;   /* so many creations fail: disk full */
	unsigned lose;     /* so many creations are done and their answer lost: timeout */
	unsigned nonsense; /* so many lists are garbage */
	bool crash_clones; /* a clone is answered as running and then found failed */
	unsigned creations, destructions, starts, stops, most_at_once, at_once;
};

struct simulated_transport {
	struct transport transport;
	struct simulated_host *host;
	GPtrArray *calls; /* of struct simulated_call: still out */
};

struct simulated_call {
	struct simulated_transport *transport;
	char *method, *path, *key;
	JsonNode *body;
	http_reply_fn done;
	void *data;
	guint source;
};

static struct simulated_host *simulated_host_new(const char *id);
static void simulated_host_free(struct simulated_host *host);

static void simulated_phone_free(struct simulated_phone *p)
{
	g_free(p->uuid);
	g_free(p->key);
	g_free(p->name);
	g_free(p->network);
	g_free(p);
}

static struct simulated_host *simulated_host_new(const char *id)
{
	struct simulated_host *h = g_new0(struct simulated_host, 1);

	h->id = id;
	h->phones = g_hash_table_new_full(
	    g_str_hash, g_str_equal, NULL, (GDestroyNotify)simulated_phone_free);
	h->volumes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return h;
}

static void simulated_host_free(struct simulated_host *h)
{
	g_hash_table_unref(h->phones);
	g_hash_table_unref(h->volumes);
	g_free(h);
}

static struct simulated_phone *simulated_host_add(
    struct simulated_host *h, const char *uuid, const char *key)
{
	struct simulated_phone *p = g_new0(struct simulated_phone, 1);

	p->uuid = g_strdup(uuid);
	p->key = g_strdup(key);
	p->state = "running";
	g_hash_table_insert(h->phones, p->uuid, p);
	h->creations++;
	return p;
}

static void simulated_call_free(struct simulated_call *c)
{
	if (c->source)
		g_source_remove(c->source);
	g_clear_pointer(&c->body, json_node_unref);
	g_free(c->method);
	g_free(c->path);
	g_free(c->key);
	g_free(c);
}

static JsonObject *simulated_describe(const struct simulated_phone *p)
{
	JsonObject *o = json_object_new(), *agent = json_object_new();

	json_object_set_string_member(o, "uuid", p->uuid);
	json_object_set_string_member(o, "state", p->state);
	json_object_set_string_member(o, "name", p->name ? p->name : "simulated");
	json_object_set_string_member(o, "template", "phone");
	json_object_set_boolean_member(agent, "connected", g_str_equal(p->state, "running"));
	json_object_set_boolean_member(agent, "ready", g_str_equal(p->state, "running"));
	json_object_set_object_member(o, "agent", agent);
	if (p->network)
		json_object_set_string_member(o, "network", p->network);
	return o;
}

static JsonNode *simulated_list(struct simulated_host *h)
{
	JsonObject *o = json_object_new();
	JsonArray *a = json_array_new();
	GHashTableIter iter;
	gpointer p;

	g_hash_table_iter_init(&iter, h->phones);
	while (g_hash_table_iter_next(&iter, NULL, &p))
		json_array_add_object_element(a, simulated_describe(p));
	json_object_set_array_member(o, "phones", a);
	return json_node_of(o);
}

/* A creation that is asked for twice is one. */
static JsonNode *simulated_create(
    struct simulated_host *h, struct simulated_call *c, GError **error)
{
	const char *uuid = json_object_get_string_member(json_node_get_object(c->body), "uuid");
	struct simulated_phone *p = g_hash_table_lookup(h->phones, uuid);

	if (p && g_strcmp0(p->key, c->key) != 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "it is there already");
		return NULL;
	}
	if (!p && h->refuse > 0) {
		h->refuse--;
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "the disk is full");
		return NULL;
	}
	if (!p) {
		JsonObject *body = json_node_get_object(c->body);

		p = simulated_host_add(h, uuid, c->key);
		p->name = g_strdup(json_get_optional_string(body, "name", 64, NULL));
		p->network = g_strdup(json_get_optional_string(body, "network", 128, NULL));
	}
	if (h->lose > 0) {
		h->lose--;
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_TIMEOUT, "no answer");
		return NULL;
	}
	JsonNode *answer = json_node_of(simulated_describe(p));

	if (h->crash_clones)
		p->state = "failed";
	return answer;
}

static void simulated_free_volumes(struct simulated_host *h, const char *uuid)
{
	GHashTableIter iter;
	gpointer holder;

	g_hash_table_iter_init(&iter, h->volumes);
	while (g_hash_table_iter_next(&iter, NULL, &holder))
		if (g_str_equal(holder, uuid))
			g_hash_table_iter_replace(&iter, g_strdup(""));
}

/* One volume is with one phone; a host that is told so makes it. */
static bool simulated_equip(
    struct simulated_host *h, const char *uuid, JsonObject *body, GError **error)
{
	const char *id = json_object_get_string_member(body, "id");
	const char *holder = g_hash_table_lookup(h->volumes, id);

	if (!holder && !json_object_get_boolean_member(body, "create"))
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "no such volume");
	else if (holder && *holder && !g_str_equal(holder, uuid))
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "%s has it", holder);
	else
		g_hash_table_insert(h->volumes, g_strdup(id), g_strdup(uuid));
	return !*error;
}

static bool simulated_reach(
    const struct simulated_host *h, struct simulated_phone *p, JsonObject *body, GError **error)
{
	if (h->no_networks) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "no such network here");
		return false;
	}
	g_free(p->network);
	p->network = json_object_get_null_member(body, "network")
	                 ? NULL
	                 : g_strdup(json_object_get_string_member(body, "network"));
	return true;
}

static JsonNode *simulated_phone_call(
    struct simulated_host *h, struct simulated_call *c, GError **error)
{
	g_autofree char *uuid = g_strndup(c->path + strlen("/v1/phones/"), 36);
	struct simulated_phone *p = g_hash_table_lookup(h->phones, uuid);

	if (!p) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "no such phone");
		return NULL;
	}
	if (g_str_equal(c->method, "DELETE")) {
		simulated_free_volumes(h, uuid);
		g_hash_table_remove(h->phones, uuid);
		h->destructions++;
		return NULL;
	}
	if (g_str_has_suffix(c->path, "/volume") &&
	    !simulated_equip(h, uuid, json_node_get_object(c->body), error))
		return NULL;
	if (g_str_has_suffix(c->path, "/network") &&
	    !simulated_reach(h, p, json_node_get_object(c->body), error))
		return NULL;
	if (g_str_has_suffix(c->path, "/start")) {
		p->state = "running";
		h->starts++;
	} else if (g_str_has_suffix(c->path, "/stop")) {
		p->state = "off";
		h->stops++;
	} else if (g_str_has_suffix(c->path, "/suspend")) {
		p->state = "suspended";
	}
	return json_node_of(simulated_describe(p));
}

static JsonNode *simulated_answer(
    struct simulated_host *h, struct simulated_call *c, GError **error)
{
	g_autofree char *text = NULL;

	if (h->away) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "no route to %s", h->id);
		return NULL;
	}
	if (g_str_equal(c->path, "/v1/host"))
		text = g_strdup_printf("{\"id\":\"%s\",\"memory_free_mib\":1000}", h->id);
	else if (g_str_equal(c->path, "/v1/templates"))
		text = g_strdup_printf("{\"templates\":[{\"name\":\"phone\",\"state\":\"%s\"}]}",
		    h->no_template ? "building" : "ready");
	else if (g_str_has_prefix(c->path, "/v1/phones?") && h->nonsense > 0 && h->nonsense--)
		text = g_strdup("{\"phones\":[{\"uuid\":\"../../etc\"}]}");
	if (text)
		return json_parse_object(text, -1, error);
	if (g_str_has_prefix(c->path, "/v1/phones?"))
		return simulated_list(h);
	if (g_str_equal(c->path, "/v1/phones"))
		return simulated_create(h, c, error);
	return simulated_phone_call(h, c, error);
}

static gboolean simulated_act(gpointer data)
{
	struct simulated_call *c = data;
	struct simulated_host *h = c->transport->host;
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) json = simulated_answer(h, c, &error);
	struct http_reply reply = {.status = json ? 200 : 204, .json = json};

	c->source = 0;
	if (h->silent && !g_str_equal(c->method, "GET"))
		return G_SOURCE_REMOVE;
	if (g_str_equal(c->path, "/v1/phones"))
		h->at_once--;
	g_ptr_array_steal_index_fast(c->transport->calls, ({
		guint i;
		g_ptr_array_find(c->transport->calls, c, &i);
		i;
	}));
	c->done(error ? NULL : &reply, error, c->data);
	simulated_call_free(c);
	return G_SOURCE_REMOVE;
}

static void simulated_call(struct transport *transport, const struct http_call *call,
    GCancellable *cancellable, http_reply_fn done, void *data)
{
	struct simulated_transport *t = (struct simulated_transport *)transport;
	struct simulated_call *c = g_new0(struct simulated_call, 1);

	(void)cancellable;
	c->transport = t;
	c->method = g_strdup(call->method);
	c->path = g_strdup(call->path);
	c->key = g_strdup(call->idempotency_key);
	c->body = call->body;
	c->done = done;
	c->data = data;
	if (g_str_equal(c->path, "/v1/phones")) {
		t->host->at_once++;
		t->host->most_at_once = MAX(t->host->most_at_once, t->host->at_once);
	}
	c->source = g_timeout_add(g_str_equal(c->method, "GET") ? 1 : 3, simulated_act, c);
	g_ptr_array_add(t->calls, c);
}

static void simulated_free(struct transport *transport)
{
	struct simulated_transport *t = (struct simulated_transport *)transport;
	g_autoptr(GError) cancelled =
	    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_CANCELLED, "closed");

	while (t->calls->len > 0) {
		struct simulated_call *c = g_ptr_array_steal_index(t->calls, 0);

		if (g_str_equal(c->path, "/v1/phones"))
			t->host->at_once--;
		c->done(NULL, cancelled, c->data);
		simulated_call_free(c);
	}
	g_ptr_array_unref(t->calls);
	g_free(t);
}

/* `data`: a NULL-terminated array of struct simulated_host *. */
static struct transport *simulated_connect(
    const struct host_record *record, enum host_daemon daemon, void *data, GError **error)
{
	struct simulated_host **hosts = data;
	struct simulated_transport *t = g_new0(struct simulated_transport, 1);

	(void)daemon;
	(void)error;
	t->transport = (struct transport){simulated_call, simulated_free};
	t->calls = g_ptr_array_new();
	for (unsigned i = 0; hosts[i]; i++)
		if (g_str_equal(hosts[i]->id, record->id))
			t->host = hosts[i];
	g_assert_nonnull(t->host);
	return &t->transport;
}
