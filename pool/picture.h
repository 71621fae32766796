/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule is shown when somebody wants a phone: a copy, since the world moves on while the rule
 * thinks. */
#pragma once

#include "pool/decision.h"
#include "pool/manager.h"

struct picture {
	struct pool_record *pool;
	char *volume_host;  /* the only one that comes into question; NULL: any */
	GPtrArray *records; /* of struct phone_record: every phone of the pool */
	GArray *phones;     /* of struct choice_phone: those that this user may get */
	GArray *hosts;      /* of struct choice_host */
	GPtrArray *host_ids;
	struct allocate_question question; /* all of it borrowed from above */
};

/* Zeroed or cleared before. `user` and `slot` have to outlive it. */
bool picture_take(struct picture *picture, struct manager *m, const char *user, const char *pool,
    const char *slot, GError **error);
void picture_clear(struct picture *picture);
