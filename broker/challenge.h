/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sign-ins whose first half is done: password or ticket were right, the second factor is still to
 * be shown. In memory only, where a new secret waits, too, until its first code has been seen. Each
 * has a name of 256 random bits, lives for five minutes and bears five wrong codes; a user has so
 * many at a time and all users together so many: the oldest goes. Main thread; time in seconds
 * since the epoch.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "broker/totp.h"
#include "common/cleanup.h"

#define CHALLENGE_LIFETIME_S 300
#define CHALLENGE_TRIES 5
#define CHALLENGE_MAX_A_USER 16
#define CHALLENGE_MAX 4096

struct challenge {
	char *user, *address, *device; /* device: a known one's name, or NULL */
	bool browser, ticket;
	bool enrolling; /* `secret` is new and not recorded yet */
	uint8_t secret[TOTP_SECRET_SIZE];
	unsigned wrong;
	int64_t expires;
	char *digest; /* of its name */
	GList link;   /* in challenges->order */
};

struct challenges;
struct challenges *challenges_new(void);
void challenges_free(struct challenges *challenges);

/* Takes the challenge (user, address, device, browser and enrolling are filled in; where it is
 * enrolling it gets its secret here) and gives it a name. Caller frees the name; the challenge is
 * borrowed. NULL with error: there are no random numbers. */
char *challenges_add(
    struct challenges *challenges, struct challenge *challenge, int64_t now, GError **error);
/* NULL: no such one, or it has ended. Borrowed. */
struct challenge *challenges_find(struct challenges *challenges, const char *name, int64_t now);
void challenges_end(struct challenges *challenges, struct challenge *challenge);
/* A wrong code was shown; the last ends the challenge. */
void challenges_count_wrong(struct challenges *challenges, struct challenge *challenge);
/* Those of a user: his account has changed or gone. */
void challenges_end_all(struct challenges *challenges, const char *user);

DEFINE_CLEANUP(challenges);
