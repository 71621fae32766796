/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may ask this provider, from a file of JSON that the administrator writes:
 *
 *   {"clients": [{"id": "telco", "secret_file": "/etc/qvmi/telco.secret",
 *                 "redirect_uris": ["https://phones.telco.example/v1/federation/callback/..."]}]}
 *
 * Without a secret a client is public: PKCE alone ties the code to it (RFC 7636). Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/cleanup.h"

struct relying_parties;
/* QVMI_ERROR_INVALID says which client is wrong. Caller frees. */
struct relying_parties *relying_parties_load(const char *path, GError **error);
void relying_parties_free(struct relying_parties *parties);

struct relying_party;
const struct relying_party *relying_party_find(
    const struct relying_parties *parties, const char *id); /* NULL: unknown */
const char *relying_party_id(const struct relying_party *party);
/* Compared as text (RFC 9700 2.1): what is only like it is another. */
bool relying_party_returns_to(const struct relying_party *party, const char *redirect_uri);
/* `secret` NULL: none was given. */
bool relying_party_is_proven(const struct relying_party *party, const char *secret);

DEFINE_CLEANUP(relying_parties);
