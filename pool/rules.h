/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules by name: NAME is NAME.lua in the rules' folder and a child of its own. Whether a rule
 * works never decides whether a person gets a phone: every question has a built-in answer
 * (decision_*.h), and /v1/status says when that one was needed.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "pool/rule_child.h"

#define RULES_MAX 16 /* scripts in use at once */

struct rules;

/* `program` NULL: no rules, every call fails and the built-in answers are the rules. */
struct rules *rules_new(const char *program, const char *folder);
/* Calls that wait end with QVMI_ERROR_CANCELLED. */
void rules_free(struct rules *rules);
DEFINE_CLEANUP(rules);

/* Starts the rule's child ahead of the first question. */
void rules_prepare(struct rules *rules, const char *name);
/* Ends the children of all rules but these (NULL-terminated); their calls are cancelled. */
void rules_keep(struct rules *rules, const char *const *names);
/* QVMI_ERROR_INVALID when there is no such script, with those that are there. */
bool rules_check(struct rules *rules, const char *name, GError **error);

/* As rule_child_call(). */
void rules_call(struct rules *rules, const char *name, const char *function, JsonNode *input,
    rule_child_fn done, void *data);
/* The answer was understood as JSON but makes no sense. */
void rules_complain(struct rules *rules, const char *name, const char *problem);

/* {"state":"ok|failing|off","detail"?}; caller owns. */
JsonObject *rules_status(struct rules *rules);
