/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What goes into the audit log (common/audit_chain.h), for every route alike: each request that may
 * change something, by whom, from where, with which outcome. What an administrator asks for is
 * written first, as "asked", and refused when it can not be; its outcome follows. What people do
 * for themselves (signing in and out, sessions) is written once it is done and refused to nobody.
 * Reading is not written, nor is coming back to a session, which has been. Nothing secret is: of a
 * body only members that are known to be none. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/audit_chain.h"
#include "common/cleanup.h"
#include "common/http_server.h"

struct broker;
struct audit_log;

/* `heads_path`: to which signed heads are appended, every minute while something is new, by a new
 * key, and at the end. Borrows the broker. */
struct audit_log *audit_log_new(
    struct broker *broker, const char *path, const char *heads_path, GError **error);
void audit_log_free(struct audit_log *log); /* before the broker's keys */

/* Of a broker's server: before a request, and when it has been answered. */
bool audit_guard(struct http_request *request, const struct http_route *route, GError **error);
void audit_observe(struct http_request *request, unsigned status);
/* Who it turned out to be that signs in. */
void audit_who(struct http_request *request, const char *user);

/* What waits is written first. NULL with error; caller unrefs. */
JsonArray *audit_log_list(struct audit_log *log, const struct audit_filter *filter, GError **error);
/* The signed head as of now; caller frees. */
char *audit_log_head(struct audit_log *log, GError **error);

DEFINE_CLEANUP(audit_log);
