/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How truly a viewer shows what it has been sent: of what is not exact, which parts look it? Fine
 * is what nobody tells from the original, 45 dB and better; the rest of what is rough is poor. One
 * thread.
 */
#pragma once

#include "mtp-server/blocks.h"

struct fidelity {
	struct block_set rough; /* shown, but not exactly */
	struct block_set poor;  /* a part of that */
};

/* All is exact. */
void fidelity_init(struct fidelity *fidelity, unsigned width, unsigned height);
void fidelity_finish(struct fidelity *fidelity);

/* These pixels have been sent exactly; not exactly but well; or so that they may look like
 * anything.
 */
void fidelity_exact(struct fidelity *fidelity, struct rectangle r);
void fidelity_fine(struct fidelity *fidelity, struct rectangle r);
void fidelity_poor(struct fidelity *fidelity, struct rectangle r);
/* A copy carries along what its source is like (block_set_carry()). */
void fidelity_carry(
    struct fidelity *fidelity, struct rectangle target, unsigned source_x, unsigned source_y);
