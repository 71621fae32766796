/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a package's sessions may: how many a user has, how long one lasts, and what happens when a
 * second terminal comes to the same phone. The host decides the last, by what the grant says, since
 * only it knows who looks. Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/database.h"

struct session_policy {
	char second_terminal[16]; /* "share", "take-over", "look-on" */
	int64_t sessions;         /* open ones, a user: beyond, the oldest is closed */
	int64_t duration_s;       /* then it is closed; 0: as long as the sign-in */
};

#define SESSION_POLICY_SESSIONS 32

bool session_policy_second_is_valid(const char *second_terminal);
/* Of a package for which none was set: share, SESSION_POLICY_SESSIONS, 0. */
bool session_policy_load(
    struct database *database, const char *package, struct session_policy *out, GError **error);
/* QVMI_ERROR_NOT_FOUND: no such package. */
bool session_policy_store(struct database *database, const char *package,
    const struct session_policy *policy, GError **error);

/* Before one more is opened: closes the oldest that would be too many. */
bool session_policy_make_room(struct database *database, const struct session_policy *policy,
    const char *user, const char *package, int64_t now, GError **error);
/* Closes those that have lasted as long as they may. */
bool session_policy_end_old(struct database *database, int64_t now, GError **error);
