/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's end of the guest agent: JSON-RPC 2.0, a line a message (agent/PROTOCOL.md), over
 * QEMU's agent.sock. Main thread.
 *
 * The guest is hostile: lines are bounded to AGENT_MAX_LINE, answers nobody waits for are dropped,
 * calls have deadlines, and strings are checked before they are shown. A guest that breaks the
 * framing loses the connection.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/cleanup.h"

#define AGENT_MAX_LINE 65536
#define AGENT_MAX_PENDING 16
#define AGENT_DEADLINE_MS 5000

struct agent;

enum agent_stage {
	AGENT_UNKNOWN,
	AGENT_BOOTING,
	AGENT_SESSION,
	AGENT_SHELL,
	AGENT_SETTLING,
	AGENT_READY,
};
const char *agent_stage_name(enum agent_stage stage);

struct agent_events {
	void (*hello)(void *data); /* the guest's end is there, whenever it opens */
	void (*stage)(void *data, enum agent_stage stage); /* it changed; AGENT_READY is the last */
	void (*closed)(
	    void *data, const GError *error); /* once; free the object, from here if you like */
};

/* `result` is an object, borrowed; NULL when `error` is set: QVMI_ERROR_FAILED with the guest's
 * words, _TIMEOUT, _UNAVAILABLE or QVMI_ERROR_CANCELLED (agent_free). */
typedef void (*agent_reply_fn)(void *data, JsonObject *result, const GError *error);

/* Takes `fd`, connected to agent.sock. */
struct agent *agent_new(int fd, const struct agent_events *events, void *data);
void agent_free(struct agent *agent);
/* The guest has said hello on this connection. */
bool agent_connected(const struct agent *agent);
enum agent_stage agent_current_stage(const struct agent *agent);

/* Takes `parameters` (NULL: {}). `done` may be NULL and never runs before this returns. */
void agent_call(struct agent *agent, const char *method, JsonObject *parameters,
    unsigned deadline_ms, agent_reply_fn done, void *data);

DEFINE_CLEANUP(agent);
