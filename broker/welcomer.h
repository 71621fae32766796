/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * People who come in. Each sign-in has to be on the disk before it is answered, so those that have
 * come until the main loop's next turn, or WELCOMER_BATCH of them, share one transaction and its
 * sync (group commit). Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "common/cleanup.h"

#define WELCOMER_BATCH 64

struct broker;
struct http_request;
struct api_entrant;

struct welcomer;
struct welcomer *welcomer_new(struct broker *broker); /* borrows it */
void welcomer_free(
    struct welcomer *welcomer); /* answers those who wait; before the database goes */

/* Holds the request and answers it with a new sign-in, or why there is none. `more` (taken; NULL:
 * nothing): members to answer as well. */
void welcomer_add(struct welcomer *welcomer, struct http_request *request,
    const struct api_entrant *entrant, JsonObject *more);

DEFINE_CLEANUP(welcomer);
