/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices that a user has signed in from with a password: a browser that keeps a cookie, a program
 * that keeps a file. Such a name (256 random bits, recorded as SHA-256) signs nobody in; it gives
 * attempts from there a limit of their own (attempt_limiter.h). Main thread; time in seconds since
 * the epoch.
 */
#pragma once

#include <stdint.h>

#include "common/database.h"

#define DEVICE_LIFETIME_S (180 * 86400)
#define DEVICE_MAX_A_USER 16 /* beyond, the one that was used the longest ago is forgotten */

/* The text of a new one, for the device alone. Caller frees. */
char *device_issue(struct database *database, const char *user, int64_t now, GError **error);
/* What the records call it; NULL without error: not one of this user's. `text` NULL: none. Caller
 * frees. */
char *device_find(
    struct database *database, const char *text, const char *user, int64_t now, GError **error);
bool device_touch(struct database *database, const char *digest, int64_t now, GError **error);
bool device_forget_all(struct database *database, const char *user, GError **error);
