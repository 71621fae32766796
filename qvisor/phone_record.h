/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * phone.json, the record of one phone: written under a temporary name and renamed at each
 * transition, without waiting for the disk (a clone takes less time than an fsync). A killed daemon
 * finds it whole; after a power failure it may be empty, no QEMU runs then, and the folder is
 * quarantined.
 */
#pragma once

#include "qvisor/phone.h"

bool phone_record_store(const struct phone *phone, GError **error);
/* And waits for the disk: for what must hold when the machine fails, too. */
bool phone_record_store_durably(const struct phone *phone, GError **error);
/* The process as it was recorded goes to *pid and *start_time, 0 if none. QVMI_ERROR_CORRUPT when
 * it cannot be understood. */
struct phone *phone_record_load(
    struct host *host, const char *uuid, pid_t *pid, uint64_t *start_time, GError **error);
