/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The company's proxy put together: an OpenID provider that checks people as the company's broker
 * would (authenticator.h) and vouches for them to the relying parties it knows. Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/authenticator.h"
#include "common/cleanup.h"
#include "common/http_server.h"

struct proxy_options {
	const char *issuer;        /* our address, "https://login.company.example:8444" */
	const char *title;         /* the company's name on the page */
	const char *database_path; /* what Kerberos and directory said */
	const char *clients_path;  /* relying_party.h */
	const char *keys_path;     /* signing_keys.h */
	int64_t key_lifetime_s;
	const struct realm_settings *realm; /* borrowed, outlives the proxy */
};

struct proxy {
	char *issuer, *title;
	struct database *database;
	struct password_worker *passwords;
	struct authenticator_context authenticator_context;
	void *authenticator; /* state of authenticator_kerberos */
	struct attempt_limiter *limiter;
	struct relying_parties *parties;
	struct signing_keys *keys;
	struct authorization_codes *codes;
	struct http_server *server;
	struct metric *assertions;
	unsigned turn; /* source id */
};

/* Copies what it keeps of the options. */
struct proxy *proxy_new(const struct proxy_options *options, GError **error);
/* Requests that wait for an answer get one before the server goes. */
void proxy_free(struct proxy *proxy);

/* api_authorize.c; `data` is the struct proxy. */
void api_authorize(struct http_request *request, void *data);
void api_authorize_password(struct http_request *request, void *data);
/* api_token.c */
void api_token(struct http_request *request, void *data);
void api_metadata(struct http_request *request, void *data);
void api_keys(struct http_request *request, void *data);

DEFINE_CLEANUP(proxy);
