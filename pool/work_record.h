/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the outcome of work on a phone means for the records; each a transaction of its own. */
#pragma once

#include "pool/manager.h"

/* The host has made it: present, unless something else has been decided in the meantime. */
bool work_record_created(struct manager *m, const char *uuid, GError **error);

/* It could not be made, or nobody knows: the lease that hangs on it, which nobody has been told of,
 * and its keys are taken back, and an order destroys what may have come into being. */
bool work_record_undone(struct manager *m, const char *uuid, const GError *cause, GError **error);

/* The host has it no more: the record goes, the order is done. */
bool work_record_destroyed(struct manager *m, const char *uuid, const char *host, GError **error);
