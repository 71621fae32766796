/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two questions that rules answer, as plain data: from the picture to JSON, from JSON back to
 * an answer that has been checked against the picture, and the answer we give when no rule does.
 * Pure functions; the shipped scripts (rules/scripts) and the built-in answers agree.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "pool/record_pool.h"

/* A host that can clone now. Strings in this page are borrowed from whoever made the picture. */
struct choice_host {
	const char *id;
	int phones; /* that it runs */
	int64_t memory_free_mib;
	int room; /* clones for the reserve that may start on it now */
};

/* A phone that may be given, or removed. */
struct choice_phone {
	const char *uuid, *host;
	const char *state; /* "running", "off" or "creating" */
	bool agent_ready;
	bool own; /* this user's, kept from before */
	int64_t created;
};

/* --- allocate: which phone does this person get? --- */
struct allocate_question {
	const char *user, *slot;
	const struct pool_record *pool;
	int total; /* phones of the pool, in every stage */
	const struct choice_phone *phones;
	unsigned n_phones;
	const struct choice_host *hosts;
	unsigned n_hosts;
};
struct allocate_answer {
	enum { ALLOCATE_TAKE, ALLOCATE_CLONE, ALLOCATE_REFUSE } kind;
	char *subject; /* the phone, the host, or why not */
};
void allocate_answer_clear(struct allocate_answer *answer);

JsonNode *allocate_question_json(const struct allocate_question *question);
/* QVMI_ERROR_INVALID when it names what is not in the picture, or goes above max. */
bool allocate_answer_parse(JsonObject *result, const struct allocate_question *question,
    struct allocate_answer *answer, GError **error);
void allocate_builtin(const struct allocate_question *question, struct allocate_answer *answer);

/* --- replenish: how many clones stand ready, and where? --- */
struct replenish_question {
	const struct pool_record *pool;
	int total, ready, creating, leased, kept;
	const struct choice_phone *spare; /* ready and never held by anybody, oldest first */
	unsigned n_spare;
	const struct choice_host *hosts;
	unsigned n_hosts;
};
struct replenish_answer {
	GPtrArray *clone;   /* host ids, one a clone */
	GPtrArray *destroy; /* uuids of spare phones */
};
void replenish_answer_clear(struct replenish_answer *answer);

JsonNode *replenish_question_json(const struct replenish_question *question);
/* Unknown names are QVMI_ERROR_INVALID. More than is allowed is cut: never above ready and max,
 * never more than a host's room, never fewer than ready stay. */
bool replenish_answer_parse(JsonObject *result, const struct replenish_question *question,
    struct replenish_answer *answer, GError **error);
void replenish_builtin(const struct replenish_question *question, struct replenish_answer *answer);
