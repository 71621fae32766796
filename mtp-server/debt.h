/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one viewer is owed: copies to make in the picture that it has, one after the other, and
 * places to send after them. A copy that cannot be sent yet waits for its turn, and carries along
 * what was owed already: so motion over many changes that the viewer did not see is still motion.
 * Bounded: with too many copies waiting, their places are owed instead. One thread.
 */
#pragma once

#include "mtp-server/fidelity.h"
#include "mtp-server/motion.h"
#include "mtp/wire.h"

#define DEBT_COPIES_MAX 32

struct debt {
	struct block_set owed; /* once the copies have been made */
	struct fidelity shown; /* and what is shown, then */
	/* private */
	struct copy copies[DEBT_COPIES_MAX];
	unsigned count;
	size_t copied;           /* pixels */
	struct block_set missed; /* owed if the copies are not made */
};

/* Everything is owed. */
void debt_init(struct debt *debt, unsigned width, unsigned height);
void debt_finish(struct debt *debt);

/* Everything is owed again. */
void debt_refresh(struct debt *debt);
/* The picture changed: `damage`; or, for one who can copy, by `motion` (else NULL). */
void debt_add(struct debt *debt, const struct block_set *damage, const struct motion *motion);
static inline bool debt_is_due(const struct debt *debt)
{
	return debt->owed.count || debt->count;
}
/* The copies are not going to be made: what they would have brought is owed. */
void debt_forgo_copies(struct debt *debt);
/* Writes the copies as tiles, which are not owed any more; how many. */
unsigned debt_write_copies(struct debt *debt, struct mtp_writer *w);
