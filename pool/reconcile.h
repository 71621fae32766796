/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records against what a host says: one phone, one decision. A pure function; worker.c feeds it and
 * carries out what it says. It is asked only about phones of hosts that have just answered (an
 * unreachable host is not a dead one) and that have no work under way.
 */
#pragma once

#include "pool/record_host.h"
#include "pool/record_phone.h"
#include "pool/truth.h"

enum reconcile_action {
	RECONCILE_NOTHING,
	RECONCILE_ADOPT,    /* creating, and the host has it running: it is present */
	RECONCILE_CREATE,   /* creating, and nobody works on it: ask the host again, same uuid */
	RECONCILE_STOP,     /* releasing, and it runs */
	RECONCILE_RELEASED, /* releasing, and it is off: present */
	RECONCILE_REPLACE,  /* a spare clone that is off, crashed or gone: order, then destroy */
	RECONCILE_CLEAR,    /* a spare clone on a host that takes none: order, then destroy */
	RECONCILE_SUSPEND,  /* somebody's, it runs, and its host is in maintenance */
	RECONCILE_CONNECT,  /* it is there, and may reach something else than its pool says */
	RECONCILE_DESTROY,  /* ordered: ask the host until it says that there is no such phone */
	RECONCILE_LOST, /* it holds or held a user's data and the host has it not: say so, keep */
};

/* `truth` NULL: the host does not know the phone. `duty`: the host's. */
enum reconcile_action reconcile_phone(
    const struct phone_record *record, const struct phone_truth *truth, enum host_duty duty);
