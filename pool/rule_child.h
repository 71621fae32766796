/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One qvmi-rule process: asks it, and does not wait for it.
 *
 * A call has RULE_DEADLINE_MS from the moment it is made. A child that is still computing by then,
 * dies, or says what it was not asked is killed; it is started again by a later call, after a
 * back-off of 1 s that doubles to 60 s, and until then calls fail at once. Whoever asks has an
 * answer of its own for that case. Callbacks come from the main loop, never from within the call.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>

#include "common/cleanup.h"

#define RULE_DEADLINE_MS 200
/* From exec to the ready line; calls do not wait that long, the child may. */
#define RULE_START_MS 5000
#define RULE_MAX_CALLS 64 /* that wait; more fail with QVMI_ERROR_EXHAUSTED */

struct rule_child;

/* Starts it at once. Strings are copied. */
struct rule_child *rule_child_new(const char *program, const char *script);
/* Kills it. Calls that wait end with QVMI_ERROR_CANCELLED. */
void rule_child_free(struct rule_child *child);
DEFINE_CLEANUP(rule_child);

/* `result` is valid during the callback; NULL when `error` is set. */
typedef void (*rule_child_fn)(JsonObject *result, const GError *error, void *data);
/* Takes `input`. */
void rule_child_call(struct rule_child *child, const char *function, JsonNode *input,
    rule_child_fn done, void *data);

/* What was wrong with the last call; NULL: nothing. Borrowed until the next main loop turn. */
const char *rule_child_problem(const struct rule_child *child);
/* The owner found the last result senseless: the rule counts as failing until one makes sense. */
void rule_child_complain(struct rule_child *child, const char *problem);
