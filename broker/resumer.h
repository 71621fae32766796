/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions that come back. After an outage of a network many do at once, and each has to be on the
 * disk before it is answered; so what has come until the main loop's next turn, or RESUMER_BATCH of
 * them, shares one transaction and its sync (group commit). Main thread.
 */
#pragma once

#include "common/cleanup.h"

#define RESUMER_BATCH 64

struct broker;
struct http_request;
struct session;

struct resumer;
struct resumer *resumer_new(struct broker *broker); /* borrows it */
void resumer_free(struct resumer *resumer); /* answers those who wait; before the database goes */

/* Holds the request and answers it: a pass with the next token, or why not. Takes the session, as
 * found; `generation` is that of the token, which has been checked. */
void resumer_add(struct resumer *resumer, struct http_request *request, struct session *session,
    unsigned generation);

DEFINE_CLEANUP(resumer);
