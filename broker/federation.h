/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sign-in of other companies' people: the broker as relying party of OpenID Connect (authorization
 * code flow with PKCE; OpenID Connect Core 3.1, RFC 9700). It asks the UAAS who vouches for the
 * organisation, sends the browser there, and exchanges the code that comes back for an assertion.
 * No password is ever seen here. Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/federation_flow.h"
#include "common/config.h"

struct database;

struct federation_settings {
	const char *address; /* ours, as browsers reach it: "https://phones.telco.example" */
	struct http_client_options uaas;
	const char *provider_ca; /* NULL: the system's authorities */
	const char *secrets;     /* NULL: none */
	int64_t cache_s, deadline_us;
};

/* clang-format off */
#define FEDERATION_CONFIG_KEYS \
    {"federation", "uaas", CONFIG_STRING, NULL, 0, 0, "uaasd: https://host:port or unix:/path; unset: no people of other companies"}, \
    {"federation", "ca", CONFIG_PATH, NULL, 0, 0, "CA that uaasd's certificate must be of"}, \
    {"federation", "certificate", CONFIG_PATH, NULL, 0, 0, "our certificate, for mutual TLS with uaasd"}, \
    {"federation", "key", CONFIG_PATH, NULL, 0, 0, "its key"}, \
    {"federation", "address", CONFIG_STRING, NULL, 0, 0, "ours, as browsers reach it: https://phones.example.com"}, \
    {"federation", "provider-ca", CONFIG_PATH, NULL, 0, 0, "CA that providers' certificates must be of; unset: the system's"}, \
    {"federation", "secrets", CONFIG_PATH, NULL, 0, 0, "folder of client secrets, a file an organisation, named like it"}, \
    {"federation", "cache-s", CONFIG_INT, "300", 1, 3600, "what uaasd said is believed so long"}, \
    {"federation", "deadline-ms", CONFIG_INT, "4500", 100, 60000, "uaasd and provider have so long for an answer"}
/* clang-format on */

/* False without error: federation.uaas is not set. Borrows the configuration. */
bool federation_settings_load(
    struct federation_settings *settings, const struct config *config, GError **error);

/* What it may use. Outlives it. `ended`: sessions have ended. */
struct federation_context {
	struct database *database;
	int64_t (*clock)(void);
	void (*ended)(void *data);
	void *data;
};

struct federation;
/* Copies the settings. */
struct federation *federation_new(const struct federation_settings *settings,
    const struct federation_context *context, GError **error);
/* What is under way ends with QVMI_ERROR_CANCELLED. */
void federation_free(struct federation *federation);

/* Takes the flow, of which loopback, cookie and address are set. `url`: where to send the browser;
 * NULL without error: nobody vouches for people of this name, which is told at the next half second
 * whatever the reason. */
typedef void (*federation_begun_fn)(const char *url, const GError *error, void *data);
void federation_begin(struct federation *federation, const char *typed,
    struct federation_flow *flow, federation_begun_fn done, void *data);

/* The browser is back. `flow` is borrowed by the callback. */
struct federation_answer {
	const char *organisation;            /* by whose address it came */
	const char *code, *issuer, *problem; /* any may be NULL */
};
/* `user` NULL: not vouched for, and why. */
typedef void (*federation_vouched_fn)(
    struct federation_flow *flow, const char *user, const GError *error, void *data);
/* Takes the flow. */
void federation_redeem(struct federation *federation, struct federation_flow *flow,
    const struct federation_answer *answer, federation_vouched_fn done, void *data);

struct federation_flows *federation_flows(struct federation *federation);
/* From time to time: signs out whose organisation is vouched for no more. */
void federation_sweep(struct federation *federation);

DEFINE_CLEANUP(federation);
