/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The company's sign-in as the broker uses it: passwords and tickets go to Kerberos, who somebody
 * is in the company comes from the directory and is believed for a while. What can not be found
 * out lets nobody in. People who are signed in stay so when Kerberos or the directory is away; the
 * directory is asked about them again and again, and who has left it is signed out. Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/principal.h"
#include "broker/realm/options.h"
#include "common/cleanup.h"

struct realm;
struct database;

enum realm_binding {
	REALM_BINDING_OFF,      /* TLS ends before us: tokens are bound to somebody else's */
	REALM_BINDING_OFFERED,  /* compared where the client has bound its token */
	REALM_BINDING_REQUIRED, /* clients must */
};

struct realm_settings {
	struct realm_options options;
	char **trusted;
	struct principal_rules rules;
	char *program;       /* path of brokerd-realm */
	char *admin_group;   /* NULL: none */
	int64_t cache_s;     /* what the directory said is believed so long */
	int64_t deadline_us; /* from the request to its answer, all told */
	unsigned processes;  /* for each of passwords, tickets and the directory */
	enum realm_binding binding;
	GBytes *tls_binding; /* tls_binding.h; NULL: none */
};

/* What it may use. Outlives it. `ended`: sessions have ended. */
struct realm_context {
	struct database *database;
	int64_t (*clock)(void);
	void (*ended)(void *data);
	void *data;
};

/* Borrows the settings. */
struct realm *realm_new(const struct realm_settings *settings, const struct realm_context *context);
void realm_free(struct realm *realm);

/* `user` NULL without error: refused. `token`: the answer to the client's ticket, or NULL. All are
 * borrowed. Runs from the main loop, never from within a call. */
typedef void (*realm_admitted_fn)(const char *user, GBytes *token, const GError *error, void *data);
/* False with error: not asked, `done` will not run. */
bool realm_check_password(struct realm *realm, const char *principal, const char *password,
    realm_admitted_fn done, void *data, GError **error);
bool realm_check_ticket(
    struct realm *realm, GBytes *token, realm_admitted_fn done, void *data, GError **error);

DEFINE_CLEANUP(realm);
