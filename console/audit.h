/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The invariants, checked from outside: what the daemons say against each other, against their
 * folders and against the processes that run. Reads only.
 *
 *   I1 the phones that run are the phones that the records say run (uuid, pid, start time)
 *   I2 at most one live lease a phone and a user, pool and slot; one phone a volume
 *   I3 an acknowledged allocation is recorded; one idempotency key never yields two
 *   I4 nothing is left over; what has data and no owner is quarantined and listed
 *   I5 the audit chain verifies
 *   I6 no phone is gone without a recorded order
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "common/http_client.h"

enum audit_invariant { AUDIT_I1 = 1, AUDIT_I2, AUDIT_I3, AUDIT_I4, AUDIT_I5, AUDIT_I6 };
#define AUDIT_LAST AUDIT_I6

/* What one look has found. */
struct audit {
	/* By invariant: char *, broken where, as texts that a second look finds again word by word.
	 */
	GPtrArray *broken[AUDIT_LAST + 1];
	GPtrArray *unchecked[AUDIT_LAST + 1]; /* char *: what could not be looked at, and why */
	unsigned checked[AUDIT_LAST + 1];     /* things that were looked at */
};

struct audit *audit_new(void);
void audit_free(struct audit *audit);
void audit_broken(struct audit *audit, enum audit_invariant invariant, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
void audit_unchecked(struct audit *audit, enum audit_invariant invariant, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
bool audit_holds(const struct audit *audit);
/* Keeps of `audit` what `again` has found as well: what was only passing is dropped. */
void audit_confirm(struct audit *audit, const struct audit *again);

/* One host, on its machine. */
struct audit_host {
	char *id;
	char *url; /* of qvisord: "unix:..." */
	char *state_folder, *template_folder;
	/* What it said last; NULL with `error` when it did not within AUDIT_DEADLINE_MS. */
	JsonNode *phones, *about;
	GError *error;
};
#define AUDIT_DEADLINE_MS 5000

/* What qvisord's own configuration file says. */
struct audit_host *audit_host_load(const char *config_file, GError **error);
void audit_host_free(struct audit_host *host);
/* Asks all of them at once: one that hangs holds nobody up. Elements are struct audit_host *. */
void audit_hosts_ask(GPtrArray *hosts);
/* Of one that has answered: I1, I3, I4 and volumes (I2). */
void audit_host(struct audit *audit, const struct audit_host *host);
/* Of all of them together: no phone runs on two (I1), no volume is with phones on two (I2). What
 * did not answer is unchecked. */
void audit_hosts(struct audit *audit, GPtrArray *hosts);

/* The pool's records and what it hears from its hosts: I2, I3 and I6. */
bool audit_pool(struct audit *audit, struct http_client *pool, GError **error);

DEFINE_CLEANUP(audit);
