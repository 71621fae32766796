/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may stand as a name in records, paths and messages. */
#pragma once

#include <glib.h>
#include <stdbool.h>

#define NAME_MAX_LENGTH 64

/* Letters, digits, '.', '_', '-', not first a '.' or '-': host, pool, template, rule, slot.
 * QVMI_ERROR_INVALID names `field`. */
bool name_check(const char *name, const char *field, GError **error);
/* A user's name is the sign-in's business: any printable UTF-8 up to 256 bytes. */
bool name_check_user(const char *user, GError **error);
/* What phones may reach: "none", or "internet" and names of networks, with commas (qvisor's
 * network.named). The same text for the same networks, the caller's; NULL with error. */
#define NETWORK_MAX_LENGTH 128
char *name_network(const char *text, GError **error);
/* RFC 9562 text form, lower case. */
bool name_check_uuid(const char *uuid, GError **error);
