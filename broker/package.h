/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an organisation subscribes people to: a phone out of a pool, or an application on one. Main
 * thread; time in seconds since the epoch.
 */
#pragma once

#include <stdint.h>

#include "common/cleanup.h"
#include "common/database.h"

#define PACKAGE_ICON_DEFAULT "/icons/phone.svg"

struct package {
	char *id;          /* 1..64 of a-z 0-9 - */
	char *name;        /* what people read; 1..64 characters */
	char *kind;        /* "phone" | "application" */
	char *pool;        /* of poold */
	char *application; /* desktop id launched after allocation; NULL for kind "phone" */
	char *icon;        /* path on this broker, below /icons/ */
};
void package_free(struct package *package);

/* Is every member within its bounds? QVMI_ERROR_INVALID names the first that is not. */
bool package_is_valid(const struct package *package, GError **error);

/* Adds, or replaces what is there under this id. *added tells which. */
bool package_put(struct database *database, const struct package *package, int64_t now, bool *added,
    GError **error);
bool package_remove(struct database *database, const char *id, GError **error);
struct package *package_find(struct database *database, const char *id, GError **error);

/* The packages of `user`, in person or by one of those below, or all when `user` is NULL, by name.
 * Elements are struct package; caller unrefs. */
GPtrArray *package_list(struct database *database, const char *user, GError **error);

/* Granting twice is no error. */
bool package_grant(
    struct database *database, const char *id, const char *user, int64_t now, GError **error);
bool package_revoke(struct database *database, const char *id, const char *user, GError **error);
/* Same for a whole "group" or organisational "unit" of the company's directory, an "organisation"
 * whose people another provider vouches for, or a telco's "plan", by its name, whether it is there
 * (yet) or not. */
bool package_grant_audience(struct database *database, const char *id, const char *kind,
    const char *name, int64_t now, GError **error);
bool package_revoke_audience(
    struct database *database, const char *id, const char *kind, const char *name, GError **error);
GPtrArray *package_audience(
    struct database *database, const char *id, const char *kind, GError **error);
/* Names, in order; elements are char *, caller unrefs. */
GPtrArray *package_grantees(struct database *database, const char *id, GError **error);
/* The package, if `user` may use it; else QVMI_ERROR_DENIED, the same for a package that is not
 * there: what exists is nobody else's business. */
struct package *package_for_user(
    struct database *database, const char *id, const char *user, GError **error);

/* Closes the sessions of everybody who does not have their package any more. */
bool package_end_lost_sessions(struct database *database, int64_t now, GError **error);

DEFINE_CLEANUP(package);
