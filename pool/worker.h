/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The background worker: asks every host what is, compares it with the records (reconcile.h),
 * finishes or undoes what is half done, keeps the reserves (replenish.h), forgets what is old.
 */
#pragma once

#include "pool/manager.h"

/* From now on, every interval_ms. */
void worker_start(struct manager *m);
/* One turn now. Its questions are answered later. */
void worker_turn(struct manager *m);
/* A turn as soon as the main loop is free: something has changed. */
void worker_soon(struct manager *m);
