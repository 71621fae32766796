/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who did what, when, from where, with which outcome: records that are only added, in a database of
 * their own. Each has the SHA-256 of the one before and of its own text, so who alters, removes or
 * puts in one has to write anew all that follow; and the signed head (audit_head.h), which is kept
 * elsewhere, tells that, and records that are missing at the end. After Schneier and Kelsey,
 * "Secure Audit Logs to Support Computer Forensics" (1999), without their evolving keys.
 *
 * A record's text is a JSON object with "seq" (from 1, without gaps), "time" (seconds since the
 * epoch), "who", "from", "action", "target", "outcome", and "detail" where there is more; absent
 * ones are left out. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/audit_head.h"
#include "common/cleanup.h"

#define AUDIT_LIST_MAX 1000

struct audit_record {
	int64_t time;
	char *who;     /* NULL: nobody that we know */
	char *from;    /* an address, or "local" */
	char *action;  /* "POST /v1/users" */
	char *target;  /* NULL: what the action names is all */
	char *outcome; /* "asked", "done", "refused", "failed" */
	JsonObject *detail;
};
void audit_record_free(struct audit_record *record);

struct audit_chain;
struct audit_chain *audit_chain_open(const char *path, GError **error);
void audit_chain_free(struct audit_chain *chain);

/* All of them or none, on the disk when it returns. QVMI_ERROR_EXHAUSTED: it is full. */
bool audit_chain_append(
    struct audit_chain *chain, struct audit_record *const *records, unsigned n, GError **error);
/* The last record; 0 and AUDIT_GENESIS while there is none. */
int64_t audit_chain_head(const struct audit_chain *chain, const char **hash);

struct audit_filter {
	int64_t after, before;             /* seq, exclusive; before 0: no bound */
	int64_t since, until;              /* seconds, inclusive; until 0: no bound */
	const char *who, *action, *target; /* as they are; NULL: any */
	const char *outcome;
	bool newest_first;
	unsigned limit; /* at most AUDIT_LIST_MAX */
};
/* [{"text", "hash"}], by seq. NULL with error; caller unrefs. */
JsonArray *audit_chain_list(
    struct audit_chain *chain, const struct audit_filter *filter, GError **error);

DEFINE_CLEANUP(audit_record);
DEFINE_CLEANUP(audit_chain);
