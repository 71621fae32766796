/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/welcomer.h"

#include "broker/account.h"
#include "broker/api.h"
#include "broker/audit.h"
#include "broker/broker.h"
#include "broker/caller.h"
#include "broker/device.h"
#include "broker/token.h"
#include "common/database.h"
#include "common/metrics.h"

struct guest {
	struct http_request *request;
	char *user, *address, *device;
	bool browser, ticket;
	JsonObject *answer;
	char *token, *new_device; /* once recorded; new_device NULL: it is known already */
	GError *error;            /* why he is not let in */
};

struct welcomer {
	struct broker *broker;
	unsigned n;
	struct guest guests[WELCOMER_BATCH];
	unsigned turn; /* source id */
};

static void guest_finish(struct guest *guest)
{
	g_free(guest->user);
	g_free(guest->address);
	g_free(guest->device);
	g_free(guest->token);
	g_free(guest->new_device);
	g_clear_pointer(&guest->answer, json_object_unref);
	g_clear_error(&guest->error);
}

/* --- recording --- */

/* A device that signs in with a password is known from then on. */
static bool know_device(struct broker *broker, struct guest *guest, GError **error)
{
	int64_t now = broker_now(broker);

	if (guest->ticket)
		return true;
	if (guest->device)
		return device_touch(broker->database, guest->device, now, error);
	guest->new_device = device_issue(broker->database, guest->user, now, error);
	return guest->new_device != NULL;
}

static bool record_guest(struct broker *broker, struct guest *guest, GError **error)
{
	int64_t now = broker_now(broker);
	AUTO(account) account = account_find(broker->database, guest->user, error);
	JsonArray *packages = account ? api_packages_of(broker, guest->user, error) : NULL;

	if (!packages)
		return false;
	json_object_set_array_member(guest->answer, "packages", packages);
	guest->token =
	    token_issue(broker->database, guest->user, now, broker->token_lifetime_s, error);
	if (!guest->token || !know_device(broker, guest, error))
		return false;
	api_put_who(guest->answer, account->name, account->admin, now + broker->token_lifetime_s);
	return true;
}

static bool record_all(struct welcomer *welcomer, GError **error)
{
	struct broker *broker = welcomer->broker;

	if (!database_begin(broker->database, error))
		return false;
	for (unsigned i = 0; i < welcomer->n; i++)
		record_guest(broker, &welcomer->guests[i], &welcomer->guests[i].error);
	if (database_commit(broker->database, error))
		return true;
	database_rollback(broker->database);
	return false;
}

/* --- answering --- */

static void hand_out(struct guest *guest, const char *cookie, const char *member,
    const char *secret, int64_t lifetime_s)
{
	if (guest->browser)
		browser_set_cookie(guest->request, cookie, secret, lifetime_s);
	else
		json_object_set_string_member(guest->answer, member, secret);
}

static void answer(struct broker *broker, struct guest *guest)
{
	if (guest->error) {
		metric_add(broker->sign_ins, "failed", 1);
		return api_fail(guest->request, guest->error);
	}
	hand_out(guest, CALLER_COOKIE, "token", guest->token, broker->token_lifetime_s);
	if (guest->new_device)
		hand_out(
		    guest, CALLER_DEVICE_COOKIE, "device", guest->new_device, DEVICE_LIFETIME_S);
	audit_who(guest->request, guest->user);
	g_message("%s signed in from %s", guest->user, guest->address);
	metric_add(broker->sign_ins, "succeeded", 1);
	api_respond(guest->request, 200, g_steal_pointer(&guest->answer));
}

static void run(struct welcomer *welcomer)
{
	g_autoptr(GError) error = NULL;
	unsigned n = welcomer->n;

	g_clear_handle_id(&welcomer->turn, g_source_remove);
	bool recorded = record_all(welcomer, &error);

	/* An answer lets go of its connection only: nobody comes in before all are answered. */
	for (unsigned i = 0; i < n; i++) {
		struct guest *guest = &welcomer->guests[i];

		if (!recorded && !guest->error)
			guest->error = g_error_copy(error);
		answer(welcomer->broker, guest);
		guest_finish(guest);
	}
	welcomer->n = 0;
}

static gboolean on_turn(void *data)
{
	struct welcomer *welcomer = data;

	welcomer->turn = 0;
	run(welcomer);
	return G_SOURCE_REMOVE;
}

void welcomer_add(struct welcomer *welcomer, struct http_request *request,
    const struct api_entrant *entrant, JsonObject *more)
{
	http_request_hold(request);
	welcomer->guests[welcomer->n++] = (struct guest){.request = request,
	    .user = g_strdup(entrant->user),
	    .address = g_strdup(entrant->address),
	    .device = g_strdup(entrant->device),
	    .browser = entrant->browser,
	    .ticket = entrant->ticket,
	    .answer = more ? more : json_object_new()};
	if (welcomer->n == WELCOMER_BATCH)
		run(welcomer);
	else if (!welcomer->turn)
		/* As urgent as the requests themselves: a loop that is never idle is not waited
		 * for. */
		welcomer->turn = g_idle_add_full(G_PRIORITY_DEFAULT, on_turn, welcomer, NULL);
}

struct welcomer *welcomer_new(struct broker *broker)
{
	struct welcomer *welcomer = g_new0(struct welcomer, 1);

	welcomer->broker = broker;
	return welcomer;
}

void welcomer_free(struct welcomer *welcomer)
{
	if (!welcomer)
		return;
	if (welcomer->n)
		run(welcomer);
	g_free(welcomer);
}
