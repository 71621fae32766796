/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signed-in user at the broker: token, session, and the grants by which a phone's host lets us
 * in. Calls run on GLib's default main context and never block; one at a time.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <json-glib/json-glib.h>
#include <stdint.h>

#include "common/cleanup.h"

struct account;

/* The terminal as it describes itself. */
struct account_terminal {
	const char *model;
	unsigned width, height; /* pixels */
};

/* Where the phone is and what opens it; borrowed, valid until the next call. */
struct account_ticket {
	const char *grant; /* secret, used once, lives half a minute */
	const char *host;
	uint16_t port;
	const char *phone; /* uuid */
};

/* The code that answers a challenge (openapi.yaml), asked for again after a wrong one; NULL with
 * error: there is none. May wait for a person. Caller clears it with options_forget(). */
typedef char *(*account_code_fn)(JsonObject *challenge, void *data, GError **error);

/* `error` is NULL on success. */
typedef void (*account_done)(const GError *error, void *data);

struct account *account_new(const char *url, const char *user, const char *ca_file, GError **error);
void account_free(
    struct account *account); /* forgets token and grant; pending calls never answer */

void account_set_code(struct account *account, account_code_fn ask, void *data);
/* POST /v1/login. QVMI_ERROR_UNAUTHENTICATED: wrong name or password. The password is not kept. */
void account_sign_in(struct account *account, const char *password, account_done done, void *data);
/* POST /v1/login/negotiate, by the Kerberos ticket that the user holds. */
void account_sign_in_by_ticket(struct account *account, account_done done, void *data);
/* POST /v1/login/federation: at the organisation that is in the user's name, in the system's
 * browser or by the Kerberos ticket that the user holds there (organisation.h). */
void account_sign_in_at_organisation(
    struct account *account, bool by_ticket, account_done done, void *data);
/* POST /v1/sessions: the phone is allocated, a ticket is there. */
void account_open(struct account *account, const char *package,
    const struct account_terminal *terminal, account_done done, void *data);
/* POST /v1/sessions/{id}/grant: a fresh ticket for the same session. */
void account_renew(struct account *account, account_done done, void *data);

/* POST /v1/resume: a ticket for the same session, as far as the broker knows it; needs no sign-in
 * and is tried for a moment only. QVMI_ERROR_UNAVAILABLE, QVMI_ERROR_TIMEOUT: the network is still
 * away. Else a token that did not help is gone: renew. */
bool account_can_resume(const struct account *account);
void account_resume(struct account *account, account_done done, void *data);

const struct account_ticket *account_ticket(const struct account *account); /* NULL: none */

DEFINE_CLEANUP(account);
