/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which volume a phone is to have, and a volume's end: recorded before the host is asked. */
#pragma once

#include "pool/manager.h"
#include "pool/record_volume.h"

/* The volume of user, pool and slot becomes this phone's; a user who has none gets the record of
 * one on the phone's host. `*volume` is NULL when the pool's users have none. QVMI_ERROR_CONFLICT
 * when it is on another host, or another phone has it; _UNAVAILABLE when that is about to go. */
bool volume_claim(struct manager *m, const char *user, const char *pool, const char *slot,
    const char *phone, struct volume_record **volume, GError **error);

/* I6: the order that it be destroyed, before anything is; one that is open already will do. */
bool volume_order_end(struct manager *m, const struct volume_record *volume, const char *why,
    const char *who, GError **error);
/* The host has it no more: the record goes, the order is done. */
bool volume_ended(struct manager *m, const char *id, GError **error);
