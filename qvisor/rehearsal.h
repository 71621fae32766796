/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every clone does first, done once by the guest that they are forked from (zygote.h), so that
 * the code that it takes is translated, and the pages that it writes are written, for all of them:
 * it is told who it is, has an interface and an address, and is touched as its manifest says by
 * whoever takes a phone in the hand. Afterwards it is as before, as far as its screen tells: the
 * interface is there and has no cable.
 *
 * TALKING (agent, network) -> TOUCHING -> RESTING (cable cut, memory comes to rest) -> done. Its
 * phone runs and is connected. Main thread. docs/decisions/206.
 */
#pragma once

#include "common/cleanup.h"
#include "qvisor/phone.h"

struct rehearsal;

/* `error`: it is not as before, and nobody should be forked from it. Once; the rehearsal may be
 * freed from here. */
typedef void (*rehearsal_done_fn)(void *data, const GError *error);

/* Begins. `touch`: with the manifest's gestures. `warm_s`: how long it has to find its address,
 * and at least half of that to rest. */
struct rehearsal *rehearsal_new(
    struct phone *phone, bool touch, unsigned warm_s, rehearsal_done_fn done, void *data);
/* Nobody is told any more. */
void rehearsal_free(struct rehearsal *rehearsal);
/* As the API says it. */
const char *rehearsal_state(const struct rehearsal *rehearsal);

DEFINE_CLEANUP(rehearsal);
