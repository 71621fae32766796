/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Within zygote.c, which makes them, and zygote_fork.c, which has them forked. */
#pragma once

#include "qvisor/rehearsal.h"
#include "qvisor/spare.h"
#include "qvisor/zygote.h"
#include "qvisor/zygote_link.h"

enum zygote_state {
	ZYGOTE_LOADING,
	ZYGOTE_REHEARSING, /* what a clone does first */
	ZYGOTE_STOPPING,
	ZYGOTE_READY
};

struct zygote {
	struct zygotes *zygotes;
	struct spare *spare;
	struct zygote_link *link;
	struct rehearsal *rehearsal;
	enum zygote_state state;
	guint timer;
	unsigned asked; /* how often, for what it waits for */
	unsigned forks;
};

struct phone *zygote_phone(const struct zygote *zygote);
/* One more has come out of it; it may be gone afterwards. */
void zygote_count(struct zygote *zygote);
