/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grants that have been used, each until it expires, so that none is used twice. In memory and,
 * where a file is named, also there: written before the grant counts as used, so a verifier that is
 * killed and started again still knows. Not synced: a machine that lost power takes longer to come
 * back than a grant lives. Main thread; seconds since the epoch.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/grant.h"

struct grant_ledger;

/* Full with `max`: it refuses (QVMI_ERROR_RATE_LIMITED) and never forgets early. */
struct grant_ledger *grant_ledger_new(unsigned max);
/* With a file, mode 0600: what is in it and has not expired is known. Made if it is not there. */
struct grant_ledger *grant_ledger_open(unsigned max, const char *path, int64_t now, GError **error);
void grant_ledger_free(struct grant_ledger *ledger);
/* false + QVMI_ERROR_UNAUTHENTICATED when the id has been used; QVMI_ERROR_EXHAUSTED: it cannot be
 * written down, so it may not be used. */
bool grant_ledger_use(
    struct grant_ledger *ledger, const struct grant *grant, int64_t now, GError **error);

DEFINE_CLEANUP(grant_ledger);
