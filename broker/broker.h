/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The broker put together: records, sign-in, limits, the way to poold, the key that signs grants,
 * and the HTTP API on top. Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/authenticator.h"
#include "broker/federation.h"
#include "broker/password.h"
#include "common/cleanup.h"
#include "common/grant_key_file.h"
#include "common/http_client.h"
#include "common/http_server.h"

struct broker_options {
	const char *database_path;
	const char *grant_private_key;
	const char *audit_path, *audit_heads; /* NULL: beside the database */
	const char *authenticator;            /* "local", "kerberos" */
	const struct realm_settings *realm;   /* NULL: none; borrowed, outlives the broker */
	const struct federation_settings *federation; /* NULL: none */
	struct http_client_options pool;
	const char *web_folder;  /* NULL: no pages */
	const char *web_connect; /* CSP sources that a page may stream from, "wss:" */
	/* Who needs a second factor (factor_policy.h); NULL: nobody. */
	const char *factor_after_password, *factor_after_ticket;
	const char *factor_issuer;   /* what authenticator applications call us; NULL: "QVMI" */
	const char *secret_key_path; /* secret_key.h; NULL where nobody needs a second factor */
	int64_t token_lifetime_s, grant_lifetime_s;
	struct password_cost password_cost;
	unsigned password_threads, password_queue;
	int64_t (*clock)(void); /* seconds since the epoch; NULL: the real one */
};

struct broker {
	struct database *database;
	struct password_worker *passwords;
	struct authenticator_context authenticator_context;
	const struct authenticator *authenticator;
	void *authenticator_state;
	struct attempt_limiter *limiter, *code_limiter; /* of passwords, of second factors */
	struct factor_policy *factor_after_password, *factor_after_ticket;
	char *factor_issuer;
	struct secret_key *secret_key; /* NULL: nobody needs a second factor */
	struct challenges *challenges;
	struct federation *federation; /* NULL: none */
	struct pool_client *pool;
	struct stream_ender *streams;
	struct resumer *resumer;
	struct welcomer *welcomer;
	struct audit_log *audit;
	struct grant_key_file *grant_keys;
	struct http_server *server;
	int64_t token_lifetime_s, grant_lifetime_s;
	int64_t (*clock)(void);
	unsigned sweep; /* source id */
	struct metric *sign_ins, *sessions, *resumptions, *allocation;
};

/* Copies what it keeps of the options. */
struct broker *broker_new(const struct broker_options *options, GError **error);
/* Requests that wait for an answer get one before the server goes. */
void broker_free(struct broker *broker);

int64_t broker_now(const struct broker *broker);
/* Ends what time has ended: tokens, the sessions of those, old records. Runs every minute by
 * itself. */
void broker_sweep(struct broker *broker);

DEFINE_CLEANUP(broker);
