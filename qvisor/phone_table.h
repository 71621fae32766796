/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The phones of this host. There is no database: the folders are the records, the processes the
 * truth. Opening the table reads every folder and adopts what runs: process as recorded (pid and
 * start time)  -> RUNNING, QMP and agent connected again recorded as running, process gone -> OFF,
 * with a reason creation that was never answered          -> process ended, folder removed process
 * of ours that no record names      -> ended (nobody can reach it) folder that cannot be understood
 * -> quarantined: listed, never touched Main thread.
 */
#pragma once

#include "qvisor/phone.h"

struct phone_table;

struct phone_table *phone_table_open(struct host *host, GError **error);
/* What runs goes on running. */
void phone_table_free(struct phone_table *table);

void phone_table_add(struct phone_table *table, struct phone *phone);    /* takes */
void phone_table_remove(struct phone_table *table, struct phone *phone); /* frees */
/* Borrowed; NULL with QVMI_ERROR_NOT_FOUND. */
struct phone *phone_table_find(struct phone_table *table, const char *uuid, GError **error);
struct phone *phone_table_find_key(struct phone_table *table, const char *idempotency_key);
bool phone_table_name_taken(const struct phone_table *table, const char *name);
unsigned phone_table_count(const struct phone_table *table);
/* Those that have, or are about to have, a QEMU. */
unsigned phone_table_running(const struct phone_table *table);
/* Is one of them being started? */
bool phone_table_starts(const struct phone_table *table);
/* Borrowed pointers in the order of creation; caller unrefs the array. */
GPtrArray *phone_table_list(const struct phone_table *table);
/* [{"folder","reason"}]; caller unrefs. */
JsonArray *phone_table_quarantine(const struct phone_table *table);
