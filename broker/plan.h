/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A telco's plans: a name to which packages are subscribed (package_grant_audience, "plan"), held
 * by persons and by whole organisations of other companies' people. A plan is there while somebody
 * holds it or a package is subscribed to it. Main thread; seconds since the epoch.
 */
#pragma once

#include <stdint.h>

#include "common/database.h"

/* 1 to 64 of a-z 0-9 and -. QVMI_ERROR_INVALID says so. */
bool plan_name_is_valid(const char *plan, GError **error);

/* `kind`: "user", who has to be there, or "organisation", by its domain, known here or not (yet).
 * Giving twice is no error. */
bool plan_give(struct database *database, const char *plan, const char *kind, const char *name,
    int64_t now, GError **error);
/* QVMI_ERROR_NOT_FOUND when it is not held. */
bool plan_take(struct database *database, const char *plan, const char *kind, const char *name,
    GError **error);
/* Names (char *), in order. Caller unrefs. */
GPtrArray *plan_list(struct database *database, GError **error);
GPtrArray *plan_holders(
    struct database *database, const char *plan, const char *kind, GError **error);
