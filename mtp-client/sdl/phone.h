/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone in use: signs in at the broker, asks for the package, connects to the phone's host, and
 * connects again by itself, with a fresh grant and growing pauses, when network or host went away:
 * soon in the first minutes and when the system says that links have changed.
 *
 *   sign in -> open (a phone and a grant) -> connect -> live -> ... -> over
 *                      ^                        |
 *                      +- wait <- resume, renew +
 *
 * What fails before it was live once is final: the user is there to mend it. Runs on GLib's
 * default main context and never blocks.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "mtp-client/core/session.h"
#include "mtp-client/sdl/account.h"
#include "mtp-client/sdl/stats.h"

struct phone;

/* What the terminal tells about itself. */
struct phone_terminal {
	const char *model;
	unsigned width, height, dpi; /* of its screen; dpi 0: not known */
	unsigned touch_points;
	enum mtp_scaling scaling;
	enum mtp_mode mode;
};

struct phone_options {
	const char *url, *user, *ca_file, *package; /* copied */
	struct phone_terminal terminal;             /* model is static */
	bool at_organisation;                       /* the one in the user's name vouches for him */
	bool by_ticket;                             /* ... by his Kerberos ticket */
	account_code_fn code;                       /* asks for a second factor */
	void *code_data;
	struct mtp_session *session;
	struct stats *stats;          /* times go here; both outlive the phone */
	unsigned patience_s;          /* give up after so long without a connection; 0: never */
	void (*live)(void *data);     /* connected, or again */
	void (*received)(void *data); /* the session was fed */
	void (*lost)(const char *notice, void *data);  /* a line for the user; it goes on */
	void (*over)(const GError *error, void *data); /* last call; free it later */
	void *data;
};

struct phone *phone_new(const struct phone_options *options, GError **error);
void phone_free(struct phone *phone);

/* Begins. The password is not kept; NULL: by the user's Kerberos ticket. */
void phone_sign_in(struct phone *phone, const char *password);
/* Sends what is in the session's output, if connected. */
void phone_flush(struct phone *phone);

DEFINE_CLEANUP(phone);
