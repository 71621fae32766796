/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a frame looks like on a terminal of another size or turn, when all goes well: brought there
 * at once, by the same filter (mtp-server/adapt.h). */
#pragma once

#include "bench/screen/ppm.h"
#include "mtp/messages.h"

/* `adapted` is to be finished by the caller. */
void adapted_frame(
    const struct ppm *frame, const struct mtp_terminal *terminal, struct ppm *adapted);
