/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A name and a password against the KDC (RFC 4120). What the KDC says is believed only once it has
 * also made a ticket for our own service that our keytab's key opens: a spoofed KDC has not got
 * that key. Blocks for as long as the Kerberos library likes; the caller of this process ends it.
 */
#pragma once

#include "broker/realm/message.h"
#include "broker/realm/options.h"

/* `principal`: "name@REALM", one component, checked by brokerd. Caller frees. */
struct realm_answer *password_check(
    const struct realm_options *options, const char *principal, const char *password);
