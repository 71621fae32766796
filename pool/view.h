/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the API shows: records and the hosts' truth as JSON. Callers own what they get. */
#pragma once

#include <json-glib/json-glib.h>

#include "pool/manager.h"
#include "pool/record_lease.h"
#include "pool/record_order.h"
#include "pool/record_phone.h"

/* `record` NULL: a phone that only the host knows ("foreign"). At least one of the two; `host` may
 * be NULL when the record's host is not known. */
JsonObject *view_phone(
    const struct phone_record *record, const struct phone_truth *truth, const struct host *host);
/* "state": what the host says, "unknown" when it does not answer, "lost" when it knows no such
 * phone. */
const char *view_phone_state(
    const struct phone_record *record, const struct phone_truth *truth, const struct host *host);
/* "use": creating, ready, leased, kept, manual, releasing, destroying, foreign. */
const char *view_phone_use(const struct phone_record *record);

JsonObject *view_lease(struct manager *m, const struct lease_record *lease);
JsonObject *view_host(const struct host *host);
JsonObject *view_pool(struct manager *m, const struct pool_record *pool, GError **error);
JsonObject *view_order(const struct order_record *order);
/* RFC 3339 in UTC with milliseconds. */
char *view_time(int64_t microseconds);
