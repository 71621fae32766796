/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "broker/broker.h"
#include "broker/caller.h"
#include "common/audit_head.h"
#include "common/error.h"
#include "common/json.h"

#define WAITING_MAX 4096 /* beyond, what can not be written is counted and not kept */
#define HEAD_S 60
#define VALUE_MAX 256

struct audit_log {
	struct broker *broker;
	struct audit_chain *chain;
	GPtrArray *waiting; /* struct audit_record */
	unsigned lost;      /* not kept */
	unsigned idle, timer;
	int heads;
	int64_t told;  /* seq of the last head */
	char *told_by; /* the key that signed it */
};

/* What is known of a request before it is answered. */
struct note {
	char *who, *target;
	JsonObject *detail;
	bool asked; /* is written already */
};

static void note_free(void *data)
{
	struct note *note = data;
	g_free(note->who);
	g_free(note->target);
	json_object_unref(note->detail);
	g_free(note);
}

/* --- heads --- */

char *audit_log_head(struct audit_log *log, GError **error)
{
	struct audit_head head = {.time = broker_now(log->broker)};
	const char *hash;

	head.seq = audit_chain_head(log->chain, &hash);
	g_strlcpy(head.hash, hash, sizeof(head.hash));
	return audit_head_sign(grant_key_file_key(log->broker->grant_keys), &head, error);
}

static void export_head(struct audit_log *log)
{
	g_autoptr(GError) error = NULL;
	const char *hash;
	int64_t seq = audit_chain_head(log->chain, &hash);

	const char *key = grant_key_id(grant_key_file_key(log->broker->grant_keys), 0);
	if (seq == log->told && g_strcmp0(key, log->told_by) == 0)
		return;
	g_autofree char *head = audit_log_head(log, &error);
	g_autofree char *line = head ? g_strconcat(head, "\n", NULL) : NULL;
	ssize_t n = line ? (ssize_t)strlen(line) : 0;
	if (!line)
		g_warning("%s", error->message);
	else if (write(log->heads, line, (size_t)n) != n || fsync(log->heads) != 0)
		g_warning("the audit log's head cannot be exported: %s", g_strerror(errno));
	else {
		log->told = seq;
		g_free(log->told_by);
		log->told_by = g_strdup(key);
	}
}

/* --- writing --- */

static struct audit_record *lost_record(struct audit_log *log)
{
	struct audit_record *record = g_new0(struct audit_record, 1);
	record->time = broker_now(log->broker);
	record->action = g_strdup("records lost");
	record->outcome = g_strdup("failed");
	record->detail = json_object_new();
	json_object_set_int_member(record->detail, "records", log->lost);
	return record;
}

static bool flush(struct audit_log *log, GError **error)
{
	g_clear_handle_id(&log->idle, g_source_remove);
	if (log->lost)
		g_ptr_array_insert(log->waiting, 0, lost_record(log));
	if (log->waiting->len &&
	    !audit_chain_append(log->chain, (struct audit_record *const *)log->waiting->pdata,
	        log->waiting->len, error)) {
		if (log->lost)
			g_ptr_array_remove_index(log->waiting, 0);
		return false;
	}
	log->lost = 0;
	g_ptr_array_set_size(log->waiting, 0);
	return true;
}

static void write_waiting(struct audit_log *log)
{
	g_autoptr(GError) error = NULL;

	if (!flush(log, &error))
		g_warning("%s", error->message);
}

static gboolean on_idle(void *data)
{
	struct audit_log *log = data;

	log->idle = 0;
	write_waiting(log);
	return G_SOURCE_REMOVE;
}

static gboolean on_timer(void *data)
{
	write_waiting(data);
	export_head(data);
	return G_SOURCE_CONTINUE;
}

static struct audit_record *record_new(struct audit_log *log, struct http_request *request,
    const struct note *note, const char *outcome)
{
	const struct http_route *route = http_request_route(request);
	const char *address = http_request_peer(request)->address;
	struct audit_record *record = g_new0(struct audit_record, 1);

	record->time = broker_now(log->broker);
	record->who = g_strdup(note->who);
	record->from = g_strdup(*address ? address : "local");
	record->action = g_strdup_printf("%s %s", route->method, route->pattern);
	record->target = g_strdup(note->target);
	record->outcome = g_strdup(outcome);
	if (json_object_get_size(note->detail))
		record->detail = json_object_ref(note->detail);
	return record;
}

/* --- what a request is about --- */

static const char *const own_affairs[] = {
    "/v1/logout", "/v1/sessions", "/v1/sessions/{id}/grant", "/v1/resume", NULL};

/* Members of a body that are no secrets and tell what is asked for. */
static const char *const members[] = {"name", "id", "package", "user", "group", "unit", "admin",
    "pool", "application", "second_terminal", "sessions", "duration_s"};
static const char *const parameters[] = {"{id}", "{name}"};
static const char *const queries[] = {"group", "unit"};

static bool signs_in(const struct http_route *route)
{
	return g_str_has_prefix(route->pattern, "/v1/login");
}

static void read_body(struct http_request *request, struct note *note)
{
	JsonObject *body = http_request_json(request, NULL);

	for (unsigned i = 0; body && i < G_N_ELEMENTS(members); i++) {
		JsonNode *value = json_object_get_member(body, members[i]);
		const char *text = value && JSON_NODE_HOLDS_VALUE(value) &&
		                           json_node_get_value_type(value) == G_TYPE_STRING
		                       ? json_node_get_string(value)
		                       : NULL;
		if (!value || !JSON_NODE_HOLDS_VALUE(value) || (text && strlen(text) > VALUE_MAX))
			continue;
		if (text && !note->target && i < 3)
			note->target = g_strdup(text);
		else
			json_object_set_member(note->detail, members[i], json_node_copy(value));
	}
}

static struct note *note_new(struct http_request *request, const struct http_route *route)
{
	struct note *note = g_new0(struct note, 1);

	note->detail = json_object_new();
	for (unsigned i = 0; i < G_N_ELEMENTS(parameters); i++)
		if (strstr(route->pattern, parameters[i])) {
			g_autofree char *name =
			    g_strndup(parameters[i] + 1, strlen(parameters[i]) - 2);
			note->target = g_strndup(http_request_parameter(request, name), VALUE_MAX);
		}
	if (strstr(route->pattern, "{user}"))
		json_object_set_string_member(
		    note->detail, "user", http_request_parameter(request, "user"));
	for (unsigned i = 0; i < G_N_ELEMENTS(queries); i++) {
		const char *value = http_request_query(request, queries[i]);
		if (value && strlen(value) <= VALUE_MAX)
			json_object_set_string_member(note->detail, queries[i], value);
	}
	/* What is typed as a name at sign-in may be a password in the wrong field. */
	if (!signs_in(route) && g_bytes_get_size(http_request_body(request)))
		read_body(request, note);
	return note;
}

bool audit_guard(struct http_request *request, const struct http_route *route, GError **error)
{
	struct broker *broker = http_request_server_data(request);
	struct audit_log *log = broker->audit;

	if (g_str_equal(route->method, "GET") || g_str_equal(route->pattern, "/v1/resume"))
		return true;
	struct note *note = note_new(request, route);
	http_request_set_note(request, note, note_free);
	AUTO(caller) caller = caller_identify(broker, request, BROWSER_WRITES, NULL);
	if (!caller)
		return true;
	note->who = g_strdup(caller_name(caller));
	if (!caller->admin || signs_in(route) || g_strv_contains(own_affairs, route->pattern))
		return true;
	g_ptr_array_add(log->waiting, record_new(log, request, note, "asked"));
	if (flush(log, error)) {
		note->asked = true;
		return true;
	}
	g_ptr_array_set_size(log->waiting, (int)log->waiting->len - 1);
	g_prefix_error(error, "nothing was done, since ");
	return false;
}

void audit_who(struct http_request *request, const char *user)
{
	struct note *note = http_request_note(request);

	/* Some sign in by a redirection, which is a GET. */
	if (!note) {
		note = note_new(request, http_request_route(request));
		http_request_set_note(request, note, note_free);
	}
	g_free(note->who);
	note->who = g_strdup(user);
}

void audit_observe(struct http_request *request, unsigned status)
{
	struct broker *broker = http_request_server_data(request);
	const struct note *note = http_request_note(request);
	struct audit_log *log = broker->audit;

	/* A stranger's attempt at anything but signing in is refused before it is anything. */
	if (!note || (!note->who && !signs_in(http_request_route(request))))
		return;
	if (log->waiting->len >= WAITING_MAX) {
		log->lost++;
		return;
	}
	g_ptr_array_add(log->waiting, record_new(log, request, note,
	                                  status < 400   ? "done"
	                                  : status < 500 ? "refused"
	                                                 : "failed"));
	if (!log->idle)
		log->idle = g_idle_add(on_idle, log);
}

JsonArray *audit_log_list(struct audit_log *log, const struct audit_filter *filter, GError **error)
{
	write_waiting(log);
	return audit_chain_list(log->chain, filter, error);
}

struct audit_log *audit_log_new(
    struct broker *broker, const char *path, const char *heads_path, GError **error)
{
	AUTO(audit_log) log = g_new0(struct audit_log, 1);

	log->broker = broker;
	log->waiting = g_ptr_array_new_with_free_func((GDestroyNotify)audit_record_free);
	log->heads = open(heads_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (log->heads < 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "open %s: %s", heads_path,
		    g_strerror(errno));
		return NULL;
	}
	log->chain = audit_chain_open(path, error);
	if (!log->chain)
		return NULL;
	log->timer = g_timeout_add_seconds(HEAD_S, on_timer, log);
	return g_steal_pointer(&log);
}

void audit_log_free(struct audit_log *log)
{
	if (!log)
		return;
	if (log->chain) {
		write_waiting(log);
		export_head(log);
	}
	g_clear_handle_id(&log->idle, g_source_remove);
	g_clear_handle_id(&log->timer, g_source_remove);
	if (log->heads >= 0)
		close(log->heads);
	g_ptr_array_unref(log->waiting);
	g_free(log->told_by);
	audit_chain_free(log->chain);
	g_free(log);
}
