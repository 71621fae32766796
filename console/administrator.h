/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who sits at the console: the broker says, for the token in the page's cookie, or in the
 * command line's Authorization header.
 *
 * An answer is believed for ADMINISTRATOR_AGE_S, so that a page that asks each second does not ask
 * the broker each second; longer a dismissed administrator does not stay. Main thread only.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/browser.h"
#include "common/cleanup.h"

struct http_client;
struct http_request;

/* Another name than the broker's: cookies do not know ports. */
#define ADMINISTRATOR_COOKIE "__Host-qvmi-console"
#define ADMINISTRATOR_AGE_S 5

struct administrators;
struct administrators *administrators_new(struct http_client *broker); /* borrows it */
void administrators_free(struct administrators *administrators);

/* Calls `known` exactly once, perhaps before it returns: with the administrator's name and token,
 * or with an error (QVMI_ERROR_UNAUTHENTICATED, QVMI_ERROR_DENIED, or the broker's). Both are
 * borrowed for the call. Holds the request when it has to ask. */
typedef void (*administrator_fn)(
    const char *name, const char *token, const GError *error, void *data);
void administrator_identify(struct administrators *administrators, struct http_request *request,
    enum browser_intent intent, administrator_fn known, void *data);

/* What was known of this token is forgotten: after signing out. */
void administrator_forget(struct administrators *administrators, const char *token);
