/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/realm.h"

#include "broker/membership.h"
#include "broker/realm_pool.h"
#include "common/error.h"

#define QUEUE 64
#define REFRESH_MAX_S 30
#define REFRESH_AT_ONCE 64

struct realm {
	const struct realm_settings *settings;
	const struct realm_context *context;
	/* Apart, so that a KDC that hangs does not keep tickets waiting, nor the directory anything
	 * that needs none. */
	struct realm_pool *passwords, *tickets, *directory;
	GPtrArray *due; /* users to ask the directory about, the next at the end */
	bool refreshing;
	guint timer;
};

/* One person on the way in. */
struct entry {
	struct realm *realm;
	int64_t end;
	bool ticket;
	char *principal, *user; /* once Kerberos has said who it is */
	GBytes *token;
	realm_admitted_fn done;
	void *data;
};

static void entry_finish(struct entry *entry, const char *user, const GError *error)
{
	entry->done(user, user ? entry->token : NULL, error, entry->data);
	g_free(entry->principal);
	g_free(entry->user);
	g_clear_pointer(&entry->token, g_bytes_unref);
	g_free(entry);
}

static int64_t now_s(const struct realm *realm)
{
	return realm->context->clock();
}

static bool record(struct realm *realm, const char *user, const char *principal,
    const struct realm_answer *person, GError **error)
{
	return membership_record(realm->context->database, user, principal, person,
	    realm->settings->admin_group, now_s(realm), error);
}

/* Somebody who was in the directory and is not any more. */
static void leave(struct realm *realm, const char *user)
{
	g_autoptr(GError) error = NULL;
	g_message("%s is not in the directory any more: signed out", user);
	if (!membership_end(realm->context->database, user, now_s(realm), &error))
		g_warning("signing %s out: %s", user, error->message);
	realm->context->ended(realm->context->data);
}

static void found(const struct realm_answer *person, const GError *error, void *data)
{
	struct entry *entry = data;
	g_autoptr(GError) failure = NULL;
	if (error)
		return entry_finish(entry, NULL, error);
	if (person->outcome == REALM_REFUSED) {
		g_message("sign-in of %s refused: %s", entry->user, person->detail);
		return entry_finish(entry, NULL, NULL);
	}
	if (record(entry->realm, entry->user, entry->principal, person, &failure))
		return entry_finish(entry, entry->user, NULL);
	g_message("sign-in of %s refused: %s", entry->user, failure->message);
	bool conflict = g_error_matches(failure, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	entry_finish(entry, NULL, conflict ? NULL : failure);
}

static bool ask_directory(struct realm *realm, const char *principal, int64_t end,
    realm_answered_fn done, void *data, GError **error)
{
	struct realm_request *request = g_new0(struct realm_request, 1);
	request->task = REALM_PERSON;
	request->principal = g_strdup(principal);
	return realm_pool_ask(realm->directory, request, end, done, data, error);
}

/* Kerberos has said who it is. */
static void identified(const struct realm_answer *answer, const GError *error, void *data)
{
	struct entry *entry = data;
	struct realm *realm = entry->realm;
	const struct realm_settings *settings = realm->settings;
	g_autoptr(GError) failure = NULL;
	bool fresh;
	if (error)
		return entry_finish(entry, NULL, error);
	if (answer->outcome == REALM_REFUSED) {
		g_message("Kerberos refuses a sign-in: %s", answer->detail);
		return entry_finish(entry, NULL, NULL);
	}
	entry->principal = principal_fold(&settings->rules, answer->principal);
	entry->user = principal_user(&settings->rules, entry->principal);
	entry->token = g_bytes_ref(answer->token);
	if (!entry->user ||
	    (settings->binding == REALM_BINDING_REQUIRED && entry->ticket && !answer->bound)) {
		g_message("sign-in of %s refused: %s", answer->principal,
		    entry->user ? "its token is not bound to the TLS connection"
		                : "no user can be made of this principal");
		return entry_finish(entry, NULL, NULL);
	}
	if (!settings->options.servers)
		return found(answer, NULL, entry);
	if (!membership_is_fresh(realm->context->database, entry->user, entry->principal,
	        now_s(realm) - settings->cache_s, &fresh, &failure))
		return entry_finish(entry, NULL, failure);
	if (fresh)
		return entry_finish(entry, entry->user, NULL);
	if (!ask_directory(realm, entry->principal, entry->end, found, entry, &failure))
		entry_finish(entry, NULL, failure);
}

static bool ask(struct realm *realm, struct realm_pool *pool, struct realm_request *request,
    realm_admitted_fn done, void *data, GError **error)
{
	struct entry *entry = g_new0(struct entry, 1);
	entry->realm = realm;
	entry->ticket = request->task == REALM_TICKET;
	entry->end = g_get_monotonic_time() + realm->settings->deadline_us;
	entry->done = done;
	entry->data = data;
	if (realm_pool_ask(pool, request, entry->end, identified, entry, error))
		return true;
	g_free(entry);
	return false;
}

bool realm_check_password(struct realm *realm, const char *principal, const char *password,
    realm_admitted_fn done, void *data, GError **error)
{
	struct realm_request *request = g_new0(struct realm_request, 1);
	request->task = REALM_PASSWORD;
	request->principal = g_strdup(principal);
	request->password = g_strdup(password);
	return ask(realm, realm->passwords, request, done, data, error);
}

bool realm_check_ticket(
    struct realm *realm, GBytes *token, realm_admitted_fn done, void *data, GError **error)
{
	const struct realm_settings *settings = realm->settings;
	struct realm_request *request = g_new0(struct realm_request, 1);
	request->task = REALM_TICKET;
	request->token = g_bytes_ref(token);
	if (settings->binding != REALM_BINDING_OFF && settings->tls_binding)
		request->binding = g_bytes_ref(settings->tls_binding);
	return ask(realm, realm->tickets, request, done, data, error);
}

/* --- asking again --- */

struct again {
	struct realm *realm;
	char *user, *principal;
};

static void again_free(struct again *again)
{
	g_free(again->user);
	g_free(again->principal);
	g_free(again);
}

static void refresh_next(struct realm *realm);

static void refreshed(const struct realm_answer *person, const GError *error, void *data)
{
	struct again *again = data;
	struct realm *realm = again->realm;
	g_autoptr(GError) failure = NULL;
	bool cancelled = g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED);
	if (error) {
		/* Away: everybody stays as he is until it is back. */
		g_ptr_array_set_size(realm->due, 0);
	} else if (person->outcome == REALM_REFUSED) {
		leave(realm, again->user);
	} else if (record(realm, again->user, again->principal, person, &failure) &&
	           membership_close_sessions(
	               realm->context->database, again->user, now_s(realm), &failure)) {
		realm->context->ended(realm->context->data);
	} else {
		g_warning(
		    "recording what the directory says of %s: %s", again->user, failure->message);
	}
	again_free(again);
	if (!cancelled)
		refresh_next(realm);
}

static void refresh_next(struct realm *realm)
{
	g_autoptr(GError) error = NULL;
	realm->refreshing = realm->due->len > 0;
	if (!realm->refreshing)
		return;
	struct again *again = g_new0(struct again, 1);
	again->realm = realm;
	again->user = g_ptr_array_steal_index(realm->due, realm->due->len - 1);
	again->principal = membership_principal(realm->context->database, again->user, &error);
	int64_t end = g_get_monotonic_time() + realm->settings->deadline_us;
	if (again->principal &&
	    ask_directory(realm, again->principal, end, refreshed, again, &error))
		return;
	again_free(again);
	g_ptr_array_set_size(realm->due, 0);
	realm->refreshing = false;
}

static gboolean refresh(void *data)
{
	struct realm *realm = data;
	g_autoptr(GError) error = NULL;
	if (realm->refreshing)
		return G_SOURCE_CONTINUE;
	g_autoptr(GPtrArray) due = membership_list_due(realm->context->database,
	    now_s(realm) - realm->settings->cache_s, REFRESH_AT_ONCE, &error);
	if (!due) {
		g_warning("looking for people to ask the directory about: %s", error->message);
		return G_SOURCE_CONTINUE;
	}
	g_ptr_array_unref(realm->due);
	realm->due = g_steal_pointer(&due);
	refresh_next(realm);
	return G_SOURCE_CONTINUE;
}

static struct realm_pool *pool_new(const struct realm_settings *settings, const char *name)
{
	const struct realm_pool_options options = {.program = settings->program,
	    .realm = &settings->options,
	    .name = name,
	    .children = settings->processes,
	    .queue = QUEUE};
	return realm_pool_new(&options);
}

struct realm *realm_new(const struct realm_settings *settings, const struct realm_context *context)
{
	struct realm *realm = g_new0(struct realm, 1);
	realm->settings = settings;
	realm->context = context;
	realm->passwords = pool_new(settings, "the company's sign-in (Kerberos)");
	realm->tickets = pool_new(settings, "the check of Kerberos tickets");
	realm->due = g_ptr_array_new_with_free_func(g_free);
	if (settings->options.servers) {
		realm->directory = pool_new(settings, "the company's directory");
		realm->timer = g_timeout_add_seconds(
		    (guint)CLAMP(settings->cache_s / 2, 1, REFRESH_MAX_S), refresh, realm);
	}
	return realm;
}

void realm_free(struct realm *realm)
{
	if (!realm)
		return;
	g_clear_handle_id(&realm->timer, g_source_remove);
	realm_pool_free(realm->passwords);
	realm_pool_free(realm->tickets);
	realm_pool_free(realm->directory);
	g_ptr_array_unref(realm->due);
	g_free(realm);
}
