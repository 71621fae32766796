/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * True damage. QEMU says that the whole screen changed at each page flip, up to 400 times a second;
 * what really changed is found by comparing, once for all viewers. Main thread.
 */
#pragma once

#include "mtp-server/picture.h"
#include "mtp-server/surface.h"

/* Compares the surface with the picture (of the same size) inside `region`, takes over what
 * differs, and replaces `damage` by the blocks that do. What was there stays in picture->before
 * until damage_settle(). */
void damage_collect(struct picture *picture, struct surface *surface, struct rectangle region,
    uint32_t time_ms, struct block_set *damage);
/* Ends the change: before = now. */
void damage_settle(struct picture *picture, const struct block_set *damage);
