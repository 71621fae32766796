/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/host.h"

#include "common/error.h"
#include "common/json.h"
#include "pool/name.h"

#define POLL_TIMEOUT_MS 5000
#define UNREACHABLE_PAUSE_US (2 * G_USEC_PER_SEC)
#define MAX_TEMPLATES 256

struct host *host_new(
    struct host_record *record, host_connect_fn connect, void *data, GError **error)
{
	struct host *h = g_new0(struct host, 1);

	h->refs = 1;
	h->record = record;
	h->phones = truth_new();
	h->templates = json_array_new();
	h->backoffs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	h->daemons[HOST_QVISORD] = connect(record, HOST_QVISORD, data, error);
	if (h->daemons[HOST_QVISORD] && record->mtpd_url)
		h->daemons[HOST_MTPD] = connect(record, HOST_MTPD, data, error);
	if (h->daemons[HOST_QVISORD] && (h->daemons[HOST_MTPD] || !record->mtpd_url))
		return h;
	host_close(h);
	return NULL;
}

struct host *host_ref(struct host *h)
{
	h->refs++;
	return h;
}

void host_unref(struct host *h)
{
	if (!h || --h->refs > 0)
		return;
	host_record_free(h->record);
	g_hash_table_unref(h->phones);
	g_hash_table_unref(h->backoffs);
	g_clear_pointer(&h->info, json_node_unref);
	json_array_unref(h->templates);
	g_free(h->problem);
	g_free(h->clone_problem);
	g_free(h);
}

void host_close(struct host *h)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(h->daemons); i++)
		transport_free(g_steal_pointer(&h->daemons[i]));
	host_unref(h);
}

void host_call(struct host *h, enum host_daemon daemon, const struct http_call *call,
    GCancellable *cancellable, http_reply_fn done, void *data)
{
	g_autoptr(GError) error = NULL;

	if (h->daemons[daemon]) {
		transport_call(h->daemons[daemon], call, cancellable, done, data);
		return;
	}
	if (call->body)
		json_node_unref(call->body);
	g_set_error(&error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
	    daemon == HOST_MTPD ? "host '%s' is recorded without \"mtpd_url\""
	                        : "host '%s' is being removed",
	    h->record->id);
	done(NULL, error, data);
}

/* One round of questions: host, templates, phones, one after the other. */
struct poll {
	struct host *host;
	int64_t asked;
	host_polled_fn done;
	void *data;
};

static void poll_finish(struct poll *poll, GHashTable *phones, const GError *error)
{
	struct host *h = poll->host;
	bool reachable = error == NULL;

	h->polling = false;
	if (error && error->code == QVMI_ERROR_CANCELLED) {
		/* Closed: nobody is left to be told. */
		host_unref(h);
		g_free(poll);
		return;
	}
	if (!reachable && (h->reachable || !h->known))
		g_warning("host %s does not answer: %s; its phones are unknown until it does",
		    h->record->id, error->message);
	if (reachable && !h->reachable && h->known)
		g_message("host %s answers again", h->record->id);
	g_free(h->problem);
	h->problem = error ? g_strdup(error->message) : NULL;
	h->reachable = reachable;
	h->known = true;
	h->next_poll = reachable ? 0 : poll->asked + UNREACHABLE_PAUSE_US;
	if (reachable)
		h->list_asked = poll->asked;
	poll->done(h, phones, poll->asked, poll->data);
	host_unref(h);
	g_free(poll);
}

static void ask(struct poll *poll, const char *path, http_reply_fn done)
{
	struct http_call call = {.method = "GET", .path = path, .timeout_ms = POLL_TIMEOUT_MS};

	host_call(poll->host, HOST_QVISORD, &call, NULL, done, poll);
}

static void phones_listed(const struct http_reply *reply, const GError *error, void *data)
{
	struct poll *poll = data;
	g_autoptr(GHashTable) phones = NULL;
	g_autoptr(GError) senseless = NULL;

	if (!error) {
		phones = truth_parse(reply->json, &senseless);
		if (!phones)
			g_prefix_error(&senseless, "its list of phones makes no sense: ");
	}
	poll_finish(poll, phones, error ? error : senseless);
}

static void templates_listed(const struct http_reply *reply, const GError *error, void *data)
{
	struct poll *poll = data;
	JsonArray *array = NULL;

	if (error) {
		poll_finish(poll, NULL, error);
		return;
	}
	if (reply->json && JSON_NODE_HOLDS_OBJECT(reply->json))
		array = json_get_array(
		    json_node_get_object(reply->json), "templates", MAX_TEMPLATES, NULL);
	if (array) {
		json_array_unref(poll->host->templates);
		poll->host->templates = json_array_ref(array);
	}
	ask(poll, "/v1/phones?state=all", phones_listed);
}

/* The machine that answers has to be the one that is recorded: its phones are told by its id. */
static bool identity_check(struct host *h, JsonNode *json, GError **error)
{
	const char *id = NULL;

	if (json && JSON_NODE_HOLDS_OBJECT(json))
		id = json_get_string(json_node_get_object(json), "id", NAME_MAX_LENGTH, NULL);
	if (g_strcmp0(id, h->record->id) == 0)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
	    "%s answers as '%s'; give the host its right URL", h->record->url,
	    id ? id : "(nobody)");
	return false;
}

static void host_described(const struct http_reply *reply, const GError *error, void *data)
{
	struct poll *poll = data;
	struct host *h = poll->host;
	g_autoptr(GError) stranger = NULL;

	if (error || !identity_check(h, reply->json, &stranger)) {
		poll_finish(poll, NULL, error ? error : stranger);
		return;
	}
	g_clear_pointer(&h->info, json_node_unref);
	h->info = json_node_ref(reply->json);
	ask(poll, "/v1/templates", templates_listed);
}

void host_poll(struct host *h, int64_t now, host_polled_fn done, void *data)
{
	struct poll *poll;

	if (h->polling || !h->daemons[HOST_QVISORD] || now < h->next_poll)
		return;
	poll = g_new(struct poll, 1);
	*poll = (struct poll){host_ref(h), now, done, data};
	h->polling = true;
	/* Who it is: after every gap. What it has: every other time will do. */
	if (!h->reachable || h->turn++ % 2 == 0)
		ask(poll, "/v1/host", host_described);
	else
		ask(poll, "/v1/phones?state=all", phones_listed);
}

static bool has_template(const struct host *h, const char *name)
{
	for (unsigned i = 0; i < json_array_get_length(h->templates); i++) {
		JsonNode *node = json_array_get_element(h->templates, i);
		JsonObject *object =
		    JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;

		if (object &&
		    g_strcmp0(json_get_optional_string(object, "name", 256, NULL), name) == 0 &&
		    g_strcmp0(json_get_optional_string(object, "state", 64, NULL), "ready") == 0)
			return true;
	}
	return false;
}

bool host_is_active(const struct host *h)
{
	return h->reachable && h->record->duty == HOST_ACTIVE;
}

bool host_serves(const struct host *h)
{
	return h->reachable && h->record->duty != HOST_MAINTENANCE;
}

bool host_can_clone(const struct host *h, const char *template, int64_t now)
{
	const struct backoff *backoff = g_hash_table_lookup(h->backoffs, template);

	return host_is_active(h) && has_template(h, template) &&
	       (!backoff || backoff_over(backoff, now));
}

void host_clone_failed(struct host *h, const char *template, const char *problem, int64_t now)
{
	struct backoff *backoff = g_hash_table_lookup(h->backoffs, template);

	if (!backoff) {
		backoff = g_new0(struct backoff, 1);
		g_hash_table_insert(h->backoffs, g_strdup(template), backoff);
	}
	backoff_fail(backoff, now);
	g_free(h->clone_problem);
	h->clone_problem = g_strdup(problem);
}

int64_t host_memory_free_mib(const struct host *h)
{
	gint64 mib = 0;

	if (h->info)
		json_get_optional_int(
		    json_node_get_object(h->info), "memory_free_mib", 0, G_MAXINT32, 0, &mib, NULL);
	return mib;
}
