/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways to tell whether a name and a password belong together: a table of functions a back end, and
 * a look-up by name. The broker's API knows no other way in. Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct database;
struct password_worker;
struct realm_settings;

/* What a back end may use. Outlives it. */
struct authenticator_context {
	struct database *database;
	struct password_worker *passwords;
	const struct realm_settings *realm; /* NULL: no Kerberos is configured */
	int64_t (*clock)(void);             /* seconds since the epoch */
	void (*ended)(void *data);          /* the back end has ended sessions */
	void *data;
};

/* `user`: the name under which the records know this person; NULL without error: refused. Both are
 * borrowed. Runs from the main loop, never from within verify(). */
typedef void (*authenticated_fn)(const char *user, const GError *error, void *data);

/* Same; `token` answers the client's (mutual authentication), NULL: none. */
typedef void (*negotiated_fn)(const char *user, GBytes *token, const GError *error, void *data);

struct authenticator {
	const char *name;
	/* The state of one instance; NULL with error. */
	void *(*open)(const struct authenticator_context *context, GError **error);
	void (*close)(void *state);
	/* Must not block, and must take the same time and give the same refusal whether the user
	 * exists or not. false with error: not asked (QVMI_ERROR_UNAVAILABLE when too busy), `done`
	 * will not run. Copies its strings. */
	bool (*verify)(void *state, const char *user, const char *password, authenticated_fn done,
	    void *data, GError **error);
	/* The same of a SPNEGO token (RFC 4559). NULL: this back end knows none. */
	bool (*negotiate)(
	    void *state, GBytes *token, negotiated_fn done, void *data, GError **error);
};

extern const struct authenticator authenticator_local;    /* accounts in our own records */
extern const struct authenticator authenticator_kerberos; /* the company's, and those above */

/* QVMI_ERROR_INVALID names those that there are. */
const struct authenticator *authenticator_find(const char *name, GError **error);
