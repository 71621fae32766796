/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/account.h"

#include <string.h>

#include "common/client_key.h"
#include "common/enrolment.h"
#include "common/error.h"
#include "common/http_client.h"
#include "common/json.h"
#include "common/known_device.h"
#include "mtp-client/sdl/options.h"
#include "mtp-client/sdl/organisation.h"

#define CALL_MS 130000 /* the broker waits 120 s for a phone that has to be booted first */
#define RENEW_MS 10000
#define RESUME_MS 1500       /* else the question was lost: TCP would wait longer and longer */
#define RESUME_SLOW_MS 15000 /* ... but for lines that are that slow */
#define RESUME_SLOW_EACH 4

struct account {
	char *url, *user, *ca_file;
	account_code_fn ask_code;
	void *code_data;
	JsonNode *challenge;               /* that is to be answered by a code */
	struct organisation *organisation; /* who vouches for the user; NULL: nobody */
	bool by_ticket;                    /* to that one */
	struct http_client *client;
	GCancellable *pending; /* the call under way, NULL: none */
	bool freed;

	struct client_key *key;
	char *session;        /* id at the broker, NULL: none */
	char *resumption;     /* the token to come back with, NULL: none */
	unsigned resumptions; /* tried since the last ticket */
	char *grant, *host, *phone;
	uint16_t port;
	struct account_ticket ticket;

	account_done done;
	void *done_data;
};

struct account *account_new(const char *url, const char *user, const char *ca_file, GError **error)
{
	AUTO(account) account = g_new0(struct account, 1);
	g_autofree char *name = g_strdup_printf("the broker at %s", url);
	const struct http_client_options options = {
	    .base_url = url,
	    .ca_file = ca_file,
	    .timeout_ms = CALL_MS,
	    .name = name,
	};

	account->url = g_strdup(url);
	account->user = g_strdup(user);
	account->ca_file = g_strdup(ca_file);
	account->client = http_client_new(&options, error);
	if (!account->client || !(account->key = client_key_new(error)))
		return NULL;
	return g_steal_pointer(&account);
}

static void ticket_clear(struct account *account)
{
	options_forget(g_steal_pointer(&account->grant));
	g_clear_pointer(&account->host, g_free);
	g_clear_pointer(&account->phone, g_free);
	g_clear_pointer(&account->resumption, g_free);
}

void account_free(struct account *account)
{
	if (!account)
		return;
	account->freed = true;
	organisation_free(account->organisation);
	http_client_free(account->client); /* pending calls end here and see `freed` */
	g_clear_object(&account->pending);
	ticket_clear(account);
	client_key_free(account->key);
	g_clear_pointer(&account->challenge, json_node_unref);
	g_free(account->session);
	g_free(account->url);
	g_free(account->user);
	g_free(account->ca_file);
	g_free(account);
}

const struct account_ticket *account_ticket(const struct account *account)
{
	return account->grant ? &account->ticket : NULL;
}

/* What the user can do about it is known here and not where it failed. */
static GError *explained(const struct account *account, const GError *error)
{
	GError *out = g_error_copy(error);

	if (strcasestr(error->message, "certificate") && !account->ca_file)
		g_prefix_error(&out,
		    "the broker's certificate is not trusted: give its authority's certificate "
		    "with --ca-file: ");
	else if (strcasestr(error->message, "certificate"))
		g_prefix_error(&out,
		    "the broker's certificate was not issued by %s, or for "
		    "another name than in %s: ",
		    account->ca_file, account->url);
	return out;
}

static void finish(struct account *account, const GError *error)
{
	g_autoptr(GError) told = error ? explained(account, error) : NULL;

	g_clear_object(&account->pending);
	account->done(told, account->done_data);
}

static void call(struct account *account, const char *path, JsonObject *body, unsigned timeout_ms,
    http_reply_fn reply)
{
	const struct http_call http = {
	    .method = "POST",
	    .path = path,
	    .body = json_node_of(body),
	    .timeout_ms = timeout_ms,
	};

	g_assert(!account->pending);
	account->pending = g_cancellable_new();
	http_client_call(account->client, &http, account->pending, reply, account);
}

static JsonObject *reply_object(const struct http_reply *reply, GError **error)
{
	if (reply->json && JSON_NODE_HOLDS_OBJECT(reply->json))
		return json_node_get_object(reply->json);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "what answered is not a QVMI broker: check the address");
	return NULL;
}

static void answered_code(const struct http_reply *reply, const GError *failed, void *data);

static void send_code(struct account *account, GError **error)
{
	JsonObject *challenge = json_node_get_object(account->challenge);
	char *code = account->ask_code(challenge, account->code_data, error);

	if (!code)
		return;
	JsonObject *body = json_object_new();

	json_object_set_string_member(
	    body, "challenge", json_object_get_string_member(challenge, "challenge"));
	json_object_set_string_member(body, "code", code);
	options_forget(code);
	call(account, "/v1/login/second-factor", body, CALL_MS, answered_code);
}

/* The sign-in is complete. */
static void enter(struct account *account, JsonObject *answer, GError **error)
{
	const char *token = json_get_string(answer, "token", 4096, error);
	const char *device = json_get_optional_string(answer, "device", 128, NULL);

	if (!token)
		return;
	http_client_set_bearer(account->client, token);
	if (device && account->user)
		known_device_save(account->url, account->user, device);
	enrolment_show_recovery(answer, stderr);
}

static void answered_code(const struct http_reply *reply, const GError *failed, void *data)
{
	struct account *account = data;
	g_autoptr(GError) error = NULL;

	if (account->freed)
		return;
	g_clear_object(&account->pending);
	if (failed) {
		/* Another may be typed; a file says the same each time. */
		if (!g_error_matches(failed, QVMI_ERROR, QVMI_ERROR_DENIED))
			return finish(account, failed);
		g_message("%s", failed->message);
		send_code(account, &error);
		if (error)
			finish(account, error);
		return;
	}
	JsonObject *object = reply_object(reply, &error);

	if (object)
		enter(account, object, &error);
	finish(account, error);
}

static void signed_in(const struct http_reply *reply, const GError *failed, void *data)
{
	struct account *account = data;
	g_autoptr(GError) error = NULL;

	if (account->freed)
		return;
	if (failed)
		return finish(account, failed);
	JsonObject *object = reply_object(reply, &error);
	const char *challenge = object ? enrolment_challenge(object, &error) : NULL;

	g_clear_object(&account->pending);
	if (challenge) {
		account->challenge = json_node_copy(reply->json);
		send_code(account, &error);
		if (!error)
			return;
	} else if (object && !error) {
		enter(account, object, &error);
	}
	finish(account, error);
}

void account_set_code(struct account *account, account_code_fn ask, void *data)
{
	account->ask_code = ask;
	account->code_data = data;
}

void account_sign_in(struct account *account, const char *password, account_done done, void *data)
{
	g_autofree char *device = known_device_load(account->url, account->user);
	JsonObject *body = json_object_new();

	account->done = done;
	account->done_data = data;
	json_object_set_string_member(body, "user", account->user);
	json_object_set_string_member(body, "password", password);
	if (device)
		json_object_set_string_member(body, "device", device);
	call(account, "/v1/login", body, CALL_MS, signed_in);
}

void account_sign_in_by_ticket(struct account *account, account_done done, void *data)
{
	const struct http_call http = {
	    .method = "POST",
	    .path = "/v1/login/negotiate",
	    .negotiate = true,
	};

	g_assert(!account->pending);
	account->done = done;
	account->done_data = data;
	account->pending = g_cancellable_new();
	http_client_call(account->client, &http, account->pending, signed_in, account);
}

static void code_came(const char *code, const GError *failed, void *data)
{
	struct account *account = data;

	if (!code)
		return finish(account, failed);
	JsonObject *body = json_object_new();
	json_object_set_string_member(body, "code", code);
	json_object_set_string_member(
	    body, "verifier", organisation_verifier(account->organisation));
	g_clear_object(&account->pending);
	call(account, "/v1/login/federation/finish", body, CALL_MS, signed_in);
}

static void sent_to_organisation(const struct http_reply *reply, const GError *failed, void *data)
{
	struct account *account = data;
	g_autoptr(GError) error = NULL;

	if (account->freed)
		return;
	if (failed)
		return finish(account, failed);
	JsonObject *object = reply_object(reply, &error);
	const char *url = object ? json_get_string(object, "redirect", 4096, &error) : NULL;

	if (url && !g_str_has_prefix(url, "https://"))
		g_set_error_literal(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the broker names no page to sign in at");
	if (error)
		return finish(account, error);
	if (account->by_ticket)
		organisation_negotiate(account->organisation, url, account->client,
		    account->ca_file, code_came, account);
	else
		organisation_browse(account->organisation, url, code_came, account);
}

void account_sign_in_at_organisation(
    struct account *account, bool by_ticket, account_done done, void *data)
{
	g_autoptr(GError) error = NULL;

	account->done = done;
	account->done_data = data;
	account->by_ticket = by_ticket;
	organisation_free(account->organisation);
	account->organisation = organisation_new(&error);
	if (!account->organisation)
		return finish(account, error);
	JsonObject *body = json_object_new();
	json_object_set_string_member(body, "user", account->user);
	json_object_set_int_member(body, "port", organisation_port(account->organisation));
	json_object_set_string_member(
	    body, "challenge", organisation_challenge(account->organisation));
	json_object_set_string_member(body, "state", organisation_state(account->organisation));
	call(account, "/v1/login/federation", body, CALL_MS, sent_to_organisation);
}

static bool take_ticket(struct account *account, JsonObject *object, GError **error)
{
	const char *grant = json_get_string(object, "grant", 2048, error);
	JsonObject *mtp = grant ? json_get_object(object, "mtp", error) : NULL;
	const char *host = mtp ? json_get_string(mtp, "host", 255, error) : NULL;
	const char *resumption =
	    host ? json_get_optional_string(object, "resumption", 256, NULL) : NULL;
	int64_t port;

	if (!host || !json_get_int(mtp, "port", 1, 65535, &port, error))
		return false;
	g_autofree char *proof =
	    resumption ? client_key_sign(account->key, CLIENT_KEY_GRANT, grant, error) : NULL;

	if (resumption && !proof)
		return false;
	ticket_clear(account);
	account->resumption = g_strdup(resumption);
	account->resumptions = 0;
	account->grant = proof ? g_strconcat(grant, "~", proof, NULL) : g_strdup(grant);
	account->host = g_strdup(host);
	account->port = (uint16_t)port;

	JsonObject *phone = json_get_optional_object(object, "phone", NULL);
	const char *uuid = phone ? json_get_optional_string(phone, "uuid", 36, NULL) : NULL;

	account->phone = g_strdup(uuid ? uuid : "");
	account->ticket = (struct account_ticket){.grant = account->grant,
	    .host = account->host,
	    .port = account->port,
	    .phone = account->phone};
	return true;
}

static void granted(const struct http_reply *reply, const GError *failed, void *data)
{
	struct account *account = data;
	g_autoptr(GError) error = NULL;

	if (account->freed)
		return;
	if (failed) {
		finish(account, failed);
		return;
	}
	JsonObject *object = reply_object(reply, &error);

	if (object && take_ticket(account, object, &error)) {
		const char *session = json_get_optional_string(object, "session", 64, NULL);

		if (session) {
			g_free(account->session);
			account->session = g_strdup(session);
		}
	}
	if (error)
		g_prefix_error(&error, "the broker's answer cannot be used: ");
	finish(account, error);
}

void account_open(struct account *account, const char *package,
    const struct account_terminal *terminal, account_done done, void *data)
{
	JsonObject *body = json_object_new(), *described = json_object_new();

	account->done = done;
	account->done_data = data;
	json_object_set_string_member(described, "model", terminal->model);
	json_object_set_int_member(described, "width", terminal->width);
	json_object_set_int_member(described, "height", terminal->height);
	json_object_set_string_member(body, "package", package);
	json_object_set_object_member(body, "terminal", described);
	json_object_set_object_member(
	    body, "client_key", client_key_jwk(client_key_public(account->key)));
	call(account, "/v1/sessions", body, CALL_MS, granted);
}

void account_renew(struct account *account, account_done done, void *data)
{
	g_autofree char *path =
	    http_path("/v1/sessions/%s/grant", account->session ? account->session : "");

	account->done = done;
	account->done_data = data;
	call(account, path, json_object_new(), RENEW_MS, granted);
}

bool account_can_resume(const struct account *account)
{
	return account->resumption != NULL;
}

static void resumed(const struct http_reply *reply, const GError *failed, void *data)
{
	struct account *account = data;
	bool away = g_error_matches(failed, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE) ||
	            g_error_matches(failed, QVMI_ERROR, QVMI_ERROR_TIMEOUT);

	/* A token that was refused is of no more use. */
	if (!account->freed && failed && !away)
		g_clear_pointer(&account->resumption, g_free);
	granted(reply, failed, data);
}

void account_resume(struct account *account, account_done done, void *data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *proof =
	    client_key_sign(account->key, CLIENT_KEY_RESUME, account->resumption, &error);
	JsonObject *body = json_object_new();

	account->done = done;
	account->done_data = data;
	json_object_set_string_member(body, "resumption", account->resumption);
	json_object_set_string_member(body, "proof", proof ? proof : "");
	call(account, "/v1/resume", body,
	    ++account->resumptions % RESUME_SLOW_EACH ? RESUME_MS : RESUME_SLOW_MS, resumed);
}
