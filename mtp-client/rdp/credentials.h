/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The certificate by which mtp-rdp speaks TLS, and its key: made for this run and signed by itself.
 * No authority vouches for it; CredSSP does (MS-CSSP 3.1.5: each side proves to the other, by the
 * one-time code, that it sees this very key).
 */
#pragma once

#include <glib.h>

#define CREDENTIALS_MAX 8192 /* bytes */

/* Both as PEM, one after the other, ended by NUL, in a sealed memfd that is the caller's; -1 with
 * error. */
int credentials_make(GError **error);
