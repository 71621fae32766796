/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone that comes from another host.
 *
 * Happy path: EXPECTED (a ticket) -> files come, the phone is there, in state CREATING -> memory
 * comes, QEMU has loaded it and waits -> TAKEN, by a file of the ticket's name:
 * from that moment the phone runs here and nowhere else -> the other host knows it for
 * good, and the mark goes. Failures: whatever happens before TAKEN, also our death, removes all
 * there is of it, and the other host, which has it still, is told that it never ran here; after
 * TAKEN nothing takes it back. Main thread.
 */
#pragma once

#include "qvisor/phone.h"
#include "qvisor/visit.h"

struct arrival;

struct arrival *arrival_new(struct host *host, const char *uuid, const char *from);
/* Gives it up unless it is taken. */
void arrival_free(struct arrival *arrival);
const char *arrival_ticket(const struct arrival *arrival);
const char *arrival_uuid(const struct arrival *arrival);
const char *arrival_from(const struct arrival *arrival);
/* Somebody has come with it; it ends by itself then. */
bool arrival_has_begun(const struct arrival *arrival);
/* Called when it is over, taken or not; then it is to be freed. */
void arrival_set_end(
    struct arrival *arrival, void (*ended)(void *data, struct arrival *arrival), void *data);

/* Takes the visit, which has its ticket. */
void arrival_visit(struct arrival *arrival, struct visit *visit);

/* The marks: FOLDER/.arrivals/TICKET. Whether it was taken here: */
bool arrival_was_taken(const struct host *host, const char *ticket);
/* The other host knows, for good. */
void arrival_forget(const struct host *host, const char *ticket);
DEFINE_CLEANUP(arrival);
