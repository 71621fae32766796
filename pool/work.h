/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work on one phone: what a host is asked to do to it, one thing after the other, with what that
 * means for its record.
 */
#pragma once

#include "pool/manager.h"

#define WORK_MAX_TASKS 8 /* a phone; more fail with QVMI_ERROR_CONFLICT */

enum work_kind {
	WORK_CREATE,  /* the record is there, stage creating. Success: present. Failure: undone: its
	                 pending lease is taken back, and an order destroys what may have come
	                 into being. Cancelled (we are ending): left as it is. */
	WORK_START,   /* it runs afterwards; also when it did already */
	WORK_STOP,    /* it is off afterwards */
	WORK_SUSPEND, /* it is on its host's disk afterwards, or off */
	WORK_EQUIP,   /* it has this volume mounted afterwards */
	WORK_CONNECT, /* it may reach what its pool says */
	WORK_MOVE,    /* it is on the other host that its record names afterwards (move.h) */
	WORK_DESTROY, /* an order is open. The host has it no more afterwards; the record goes and
	                 the order is done */
};

struct work_task {
	enum work_kind kind;
	const char *uuid, *host;
	const char *template; /* WORK_CREATE */
	const char *name;     /* WORK_CREATE; NULL: the host makes one */
	bool discard;         /* WORK_START: what was suspended, and start afresh */
	const char *volume;   /* WORK_EQUIP: its id */
	bool new_volume;      /* WORK_EQUIP: the host makes it if it has none of that id */
	bool force;           /* WORK_STOP: pull the plug */
	int timeout_s;        /* WORK_STOP: for it to go off by itself; 0: 30 */
};

/* Never called before work_add() has returned; once. */
typedef void (*work_fn)(const GError *error, void *data);
/* Joins the same task when that is the last one that waits. `done` may be NULL. */
void work_add(struct manager *m, const struct work_task *task, work_fn done, void *data);

/* Has the phone been left alone since then (monotonic)? What a host said before is older than what
 * we have done since. */
bool work_settled(struct manager *m, const char *uuid, int64_t since);
/* Failed tasks of the worker's own are tried again after a back-off; true: not yet. */
bool work_resting(struct manager *m, const char *uuid, int64_t now);
/* Forgets phones without work for a minute. */
void work_tidy(struct manager *m, int64_t now);

GHashTable *work_table_new(void);
