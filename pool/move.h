/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone moves to another host (WORK_MOVE): the host it is to come to gives a ticket, the one that
 * has it is told to go there, and watched until it says how that ended. The record names the other
 * host (phone_record.moving_to) from before the first question until it is known where the phone
 * is; when nobody can say now, move_settle() finds out from what both hosts have.
 */
#pragma once

#include "pool/record_phone.h"
#include "pool/work.h"

/* How the last move of a phone went, for who asks; kept until the next one or until poold ends. */
struct move {
	char *from, *to;
	const char *state; /* "running", "succeeded", "failed", "cancelled" */
	double progress;
	char *stage, *problem; /* NULL: none */
	JsonNode *result;      /* the host's; NULL: none yet */
	char *operation;       /* at the host it leaves; NULL: not begun there */
};
void move_free(struct move *move);
/* NULL: none. Borrowed. */
const struct move *move_of(struct manager *m, const char *uuid);

/* The record says where to. QVMI_ERROR_UNAVAILABLE: nobody knows yet where it is. */
void move_begin(struct manager *m, const char *uuid, const char *from, work_fn done, void *data);
/* No work is under way with the phone: does what the hosts say settle where it is? */
void move_settle(struct manager *m, const struct phone_record *r);

/* Orders it: `to` NULL: the host with the most memory free. False with QVMI_ERROR_CONFLICT,
 * _NOT_FOUND or _UNAVAILABLE when it cannot even be begun; the same again while it is under way is
 * no error.
 */
bool move_order(struct manager *m, const char *uuid, const char *to, GError **error);
/* Of one that is under way, if it still can be. */
bool move_cancel(struct manager *m, const char *uuid, GError **error);
