/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A private certificate authority for one machine (`qvmi up`): ECDSA P-256, X.509 v3 (RFC 5280).
 * Keys are written with mode 0600, certificates 0644, atomically.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Makes folder/ca.pem and folder/ca.key if they are not there (10 years). */
bool pki_ensure_authority(const char *folder, GError **error);
/* Makes folder/NAME.pem and NAME.key, signed by folder's authority, for 397 days, with serverAuth
 * and clientAuth, subject common name `name`, subjectAltName from `hosts` (NULL-terminated DNS
 * names or IP addresses; may be NULL). Kept if it is there, still valid for 30 days, and names the
 * same hosts. */
bool pki_ensure_certificate(
    const char *folder, const char *name, const char *const *hosts, GError **error);
