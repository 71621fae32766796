/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ends the streams of sessions that have ended: signed out, closed by an administrator, of a user
 * who was removed. What is still to be ended is in the records, so neither a restart nor a host
 * that is away for a while lets one go on. A grant that was signed before the end can begin a
 * stream after it; so a session is asked about until that grant has expired too. Main thread.
 */
#pragma once

#include "broker/broker.h"

struct stream_ender;

/* Borrows the broker's database, pool and clock. */
struct stream_ender *stream_ender_new(struct broker *broker);
void stream_ender_free(struct stream_ender *ender); /* before the pool client */

/* To be called when sessions have ended. Asks at once, and again every few seconds while it is not
 * sure of all of them. */
void stream_ender_run(struct stream_ender *ender);
