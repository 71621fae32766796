/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/federation.h"

#include <string.h>

#include "broker/federation_identity.h"
#include "broker/oidc/organisation_name.h"
#include "common/pkce.h"
#include "broker/provider_client.h"
#include "common/error.h"

#define REFUSAL_STEP_US (500 * 1000)

struct federation {
	struct federation_context context;
	char *address;
	int64_t deadline_us;
	struct uaas_client *uaas;
	struct provider_client *providers;
	struct federation_flows *flows;
	GQueue refusals; /* struct beginning that wait for their half second */
};

/* A sign-in that begins. */
struct beginning {
	struct federation *federation;
	struct federation_flow *flow;
	char *typed;
	int64_t begun;
	federation_begun_fn done;
	void *data;
	guint timer;
};

/* One that ends. */
struct ending {
	struct federation *federation;
	struct federation_flow *flow;
	federation_vouched_fn done;
	void *data;
};

bool federation_settings_load(
    struct federation_settings *settings, const struct config *config, GError **error)
{
	*settings = (struct federation_settings){
	    .uaas =
	        {
	            .base_url = config_string(config, "federation", "uaas"),
	            .ca_file = config_string(config, "federation", "ca"),
	            .certificate_file = config_string(config, "federation", "certificate"),
	            .key_file = config_string(config, "federation", "key"),
	            .name = "the UAAS",
	        },
	    .address = config_string(config, "federation", "address"),
	    .provider_ca = config_string(config, "federation", "provider-ca"),
	    .secrets = config_string(config, "federation", "secrets"),
	    .cache_s = config_int(config, "federation", "cache-s"),
	    .deadline_us = config_int(config, "federation", "deadline-ms") * 1000,
	};
	if (!settings->uaas.base_url)
		return false;
	g_autofree char *origin =
	    settings->address ? provider_origin(settings->address, NULL) : NULL;
	if (origin && !g_str_has_suffix(settings->address, "/"))
		return true;
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "federation.address is how browsers reach us, such as https://phones.example.com");
	return false;
}

struct federation *federation_new(const struct federation_settings *settings,
    const struct federation_context *context, GError **error)
{
	AUTO(federation) federation = g_new0(struct federation, 1);
	federation->context = *context;
	federation->address = g_strdup(settings->address);
	federation->deadline_us = settings->deadline_us;
	federation->providers =
	    provider_client_new(settings->provider_ca, settings->secrets, context->clock);
	federation->flows = federation_flows_new();
	g_queue_init(&federation->refusals);
	federation->uaas = uaas_client_new(&settings->uaas, settings->cache_s, error);
	return federation->uaas ? g_steal_pointer(&federation) : NULL;
}

/* --- the way there --- */

static void begun(struct beginning *beginning, const char *url, const GError *error)
{
	beginning->done(url, error, beginning->data);
	federation_flow_free(beginning->flow);
	g_free(beginning->typed);
	g_free(beginning);
}

static gboolean refuse_now(void *data)
{
	struct beginning *beginning = data;
	g_queue_remove(&beginning->federation->refusals, beginning);
	begun(beginning, NULL, NULL);
	return G_SOURCE_REMOVE;
}

/* Whether the name is none, the organisation unknown, or its provider ill: one answer, one time. */
static void refuse(struct beginning *beginning)
{
	int64_t taken = g_get_monotonic_time() - beginning->begun;
	int64_t left = REFUSAL_STEP_US - taken % REFUSAL_STEP_US;
	g_queue_push_tail(&beginning->federation->refusals, beginning);
	beginning->timer = g_timeout_add((guint)(left / 1000) + 1, refuse_now, beginning);
}

static void append(GString *url, const char *name, const char *value)
{
	g_string_append_printf(url, "%c%s=", strchr(url->str, '?') ? '&' : '?', name);
	g_string_append_uri_escaped(url, value, NULL, FALSE);
}

/* An address of its own for each organisation: a provider that passes people on to another's cannot
 * have the code that this one gives (RFC 9700 section 4.4, mix-up). */
static char *redirect_uri(const struct federation *federation, const char *organisation)
{
	return g_strconcat(federation->address, "/v1/federation/callback/", organisation, NULL);
}

static void located(const struct provider_metadata *metadata, const GError *error, void *data)
{
	struct beginning *beginning = data;
	struct federation *federation = beginning->federation;
	g_autoptr(GError) failure = NULL;
	if (error) {
		g_warning("%s", error->message);
		return refuse(beginning);
	}
	struct federation_flow *flow = g_steal_pointer(&beginning->flow);
	flow->names_issuer = metadata->names_issuer;
	flow->nonce = pkce_random();
	flow->verifier = pkce_random();
	g_autofree char *challenge = pkce_challenge(flow->verifier);
	g_autofree char *back = redirect_uri(federation, flow->voucher->organisation);
	g_autoptr(GString) url = g_string_new(metadata->authorization_endpoint);
	append(url, "response_type", "code");
	append(url, "scope", "openid profile");
	append(url, "client_id", flow->voucher->client_id);
	append(url, "redirect_uri", back);
	append(url, "nonce", flow->nonce);
	append(url, "code_challenge", challenge);
	append(url, "code_challenge_method", "S256");
	append(url, "login_hint", beginning->typed);
	g_autofree char *state =
	    federation_flows_add(federation->flows, flow, federation->context.clock(), &failure);
	if (state)
		append(url, "state", state);
	begun(beginning, state ? url->str : NULL, failure);
}

static void found(const struct voucher *voucher, const GError *error, void *data)
{
	struct beginning *beginning = data;
	struct federation *federation = beginning->federation;
	if (error)
		g_warning("%s", error->message);
	if (!voucher)
		return refuse(beginning);
	beginning->flow->voucher = voucher_copy(voucher);
	provider_client_locate(federation->providers, voucher,
	    beginning->begun + federation->deadline_us, located, beginning);
}

void federation_begin(struct federation *federation, const char *typed,
    struct federation_flow *flow, federation_begun_fn done, void *data)
{
	struct beginning *beginning = g_new0(struct beginning, 1);
	beginning->federation = federation;
	beginning->flow = flow;
	beginning->typed = g_strdup(typed);
	beginning->begun = g_get_monotonic_time();
	beginning->done = done;
	beginning->data = data;
	g_autofree char *organisation = organisation_name_of_typed(typed);
	if (!organisation)
		return refuse(beginning);
	uaas_client_find(federation->uaas, organisation, (unsigned)(federation->deadline_us / 1000),
	    found, beginning);
}

/* --- and back --- */

static void ended(struct ending *ending, const char *user, const GError *error)
{
	ending->done(ending->flow, user, error, ending->data);
	federation_flow_free(ending->flow);
	g_free(ending);
}

static void vouched(const struct id_token *token, const char *id, const GError *error, void *data)
{
	struct ending *ending = data;
	const struct federation_context *context = &ending->federation->context;
	g_autoptr(GError) failure = NULL;
	g_autofree char *user =
	    token ? federation_identity_admit(context->database, ending->flow->voucher, token, id,
	                context->clock(), &failure)
	          : NULL;
	ended(ending, user, error ? error : failure);
}

/* What the browser brings along, before anybody is asked. NULL: it fits. */
static const char *find_fault(
    const struct federation_flow *flow, const struct federation_answer *answer)
{
	if (!g_str_equal(answer->organisation, flow->voucher->organisation))
		return "the answer came by another organisation's address";
	if (answer->issuer ? !g_str_equal(answer->issuer, flow->voucher->issuer)
	                   : flow->names_issuer)
		return "the answer is of another provider";
	if (answer->problem)
		return "the provider refused";
	return answer->code ? NULL : "the answer has no code";
}

void federation_redeem(struct federation *federation, struct federation_flow *flow,
    const struct federation_answer *answer, federation_vouched_fn done, void *data)
{
	struct ending *ending = g_new0(struct ending, 1);
	ending->federation = federation;
	ending->flow = flow;
	ending->done = done;
	ending->data = data;
	const char *fault = find_fault(flow, answer);
	if (fault) {
		g_autoptr(GError) error =
		    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED, fault);
		return ended(ending, NULL, error);
	}
	g_autofree char *back = redirect_uri(federation, flow->voucher->organisation);
	const struct provider_exchange exchange = {.voucher = flow->voucher,
	    .code = answer->code,
	    .verifier = flow->verifier,
	    .redirect_uri = back,
	    .nonce = flow->nonce,
	    .deadline = g_get_monotonic_time() + federation->deadline_us};
	provider_client_redeem(federation->providers, &exchange, vouched, ending);
}

struct federation_flows *federation_flows(struct federation *federation)
{
	return federation->flows;
}

/* --- who is vouched for no more --- */

struct review {
	struct federation *federation;
	char *organisation;
};

static void reviewed(const struct voucher *voucher, const GError *error, void *data)
{
	struct review *review = data;
	const struct federation_context *context = &review->federation->context;
	g_autoptr(GError) failure = NULL;
	/* That nobody could be asked ends nobody. */
	if (!error && !federation_identity_end(context->database, review->organisation,
	                  voucher ? voucher->issuer : NULL, context->clock(), &failure))
		g_warning("signing out people of %s: %s", review->organisation, failure->message);
	else if (!error)
		context->ended(context->data);
	g_free(review->organisation);
	g_free(review);
}

void federation_sweep(struct federation *federation)
{
	const struct federation_context *context = &federation->context;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) organisations =
	    federation_identity_sweep(context->database, context->clock(), &error)
	        ? federation_identity_organisations(context->database, &error)
	        : NULL;
	if (!organisations)
		g_warning("sweeping the records of other companies: %s", error->message);
	for (unsigned i = 0; organisations && i < organisations->len; i++) {
		struct review *review = g_new0(struct review, 1);
		review->federation = federation;
		review->organisation = g_strdup(organisations->pdata[i]);
		uaas_client_find(federation->uaas, review->organisation,
		    (unsigned)(federation->deadline_us / 1000), reviewed, review);
	}
}

void federation_free(struct federation *federation)
{
	if (!federation)
		return;
	uaas_client_free(federation->uaas);
	provider_client_free(federation->providers);
	while (federation->refusals.head) {
		struct beginning *beginning = federation->refusals.head->data;
		g_source_remove(beginning->timer);
		refuse_now(beginning);
	}
	federation_flows_free(federation->flows);
	g_free(federation->address);
	g_free(federation);
}
