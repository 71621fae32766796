/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The signed head of an audit chain: a JWS of {"seq", "hash", "time"}, exported to a file that
 * grows by a line each time, to be kept where who can write the records can not write. It vouches
 * for all records up to its own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/grant_key.h"

#define AUDIT_HASH_SIZE 65 /* hex and NUL */
/* What the first record follows. */
#define AUDIT_GENESIS "0000000000000000000000000000000000000000000000000000000000000000"

/* The hash of a record of this text that follows one of hash `previous`, which may be `hash`. */
void audit_link(const char *previous, const char *text, char hash[AUDIT_HASH_SIZE]);

struct audit_head {
	int64_t seq, time;
	char hash[AUDIT_HASH_SIZE];
};

/* Caller frees. */
char *audit_head_sign(const struct grant_key *key, const struct audit_head *head, GError **error);
/* QVMI_ERROR_CORRUPT: not signed by any of the keys. */
bool audit_head_read(
    const struct grant_key *key, const char *token, struct audit_head *out, GError **error);
