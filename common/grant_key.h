/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Ed25519 keys (RFC 8032) of grants: one file holds one or several in PEM form. The first of a
 * private file signs; any of a public file verifies, so that a new key is told to the hosts ahead
 * of its first use and the old one is accepted until its last grant is over. A key's id is its JWK
 * thumbprint (RFC 7638, RFC 8037 appendix A.3).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/cleanup.h"

#define GRANT_KEYS_MAX 4 /* in a file */

struct evp_pkey_st;
struct grant_key;

struct grant_key *grant_key_load(const char *pem_file, bool private_key, GError **error);
/* A new key, alone in its files, 0600 and 0644. */
bool grant_key_generate(const char *private_pem_file, const char *public_pem_file, GError **error);
void grant_key_free(struct grant_key *key);

/* Rotation, of private keys: a new one behind the others; the last one to the front, to sign; all
 * but the first are forgotten. */
bool grant_key_add(struct grant_key *key, GError **error);
void grant_key_promote(struct grant_key *key);
void grant_key_retire(struct grant_key *key);
/* All of them in their order; the public halves in one file, if `private_key` is false. */
bool grant_key_store(
    const struct grant_key *key, bool private_key, const char *pem_file, GError **error);

unsigned grant_key_count(const struct grant_key *key);
/* The n-th, the first one signs; borrowed. */
const char *grant_key_id(const struct grant_key *key, unsigned n);
struct evp_pkey_st *grant_key_pkey(const struct grant_key *key, unsigned n);

DEFINE_CLEANUP(grant_key);
