/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a host says about its phones, read with suspicion: a host's answer is input from outside.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

#define TRUTH_MAX_PHONES 4096 /* a host */

enum phone_state {
	PHONE_STATE_CREATING,
	PHONE_STATE_RUNNING,
	PHONE_STATE_STOPPING,
	PHONE_STATE_SUSPENDED,
	PHONE_STATE_OFF,
	PHONE_STATE_FAILED,
};
const char *phone_state_name(enum phone_state state);

struct phone_truth {
	char *uuid;
	enum phone_state state;
	char *reason; /* of a failure; NULL */
	char *name, *mac, *template, *created;
	char *network; /* its policy; NULL: as its host has it */
	int64_t pid, clone_ms, width, height, touch_points; /* 0: not said */
	bool agent_connected, agent_ready;
	bool moving; /* to another host, or there already */
	bool hung;   /* it runs and does not answer */
};
void phone_truth_free(struct phone_truth *truth);
DEFINE_CLEANUP(phone_truth);

/* One phone as qvisord describes it. */
struct phone_truth *phone_truth_parse(JsonObject *object, GError **error);

/* uuid -> struct phone_truth *, both owned by the table. */
GHashTable *truth_new(void);
/* The answer to GET /v1/phones: {"phones":[...]}. One phone that is wrong spoils the answer: a list
 * with holes would read as phones that are gone. */
GHashTable *truth_parse(JsonNode *node, GError **error);
