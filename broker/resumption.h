/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resumption tokens: what a terminal shows to come back to its session after its network was away,
 * without signing in again.
 *
 * A token is the session's id, a generation and a MAC (HMAC-SHA256, RFC 2104) over both, as
 * base64url. The MAC's key comes from the key that signs grants, so a
 * forged token is refused without a look at the records, and these hold a number a session and
 * nothing that a thief of them could show. The terminal proves its own key with it.
 *
 * A token is good once: the answer brings the next. That answer may be lost on the way, so the last
 * token that was used is answered again, with the same next one, until the next one is used.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/grant_key.h"

#define RESUMPTION_SIZE 70 /* characters of a token */
#define RESUMPTION_SESSION_SIZE 37

/* By the first of the keys. `session` is a uuid. Caller frees. */
char *resumption_token(const struct grant_key *key, const char *session, uint32_t generation);

/* What a token says of itself; nothing of it is true before resumption_check(). */
struct resumption {
	char session[RESUMPTION_SESSION_SIZE];
	uint32_t generation;
};
bool resumption_read(const char *token, struct resumption *out);
/* Have we made it, by any of the keys? */
bool resumption_check(const struct grant_key *key, const char *token);
