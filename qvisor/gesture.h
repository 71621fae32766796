/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One finger on a phone's screen: down, to another place (or the same: a tap), up, and then nothing
 * for a while. Places are in thousandths of the screen. In a manifest, "rehearsal" is a list of
 * them: {"from": [400, 950], "to": [400, 400], "ms": 400, "rest_ms": 1500}.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#define GESTURES_MAX 16
#define GESTURE_STEP_MS 20 /* between two places of a finger that moves */

struct gesture {
	unsigned from[2], to[2]; /* x, y */
	unsigned ms, rest_ms;
};

/* Of a manifest; QVMI_ERROR_INVALID names the member. */
bool gestures_parse(
    JsonArray *list, struct gesture gestures[static GESTURES_MAX], unsigned *count, GError **error);
JsonArray *gestures_json(const struct gesture *gestures, unsigned count); /* caller's */

/* How often a finger is seen until it is up; the last time it comes up. */
unsigned gesture_steps(const struct gesture *gesture);
/* Arguments of QMP's "input-send-event" for the one of these steps, of a screen that tells fingers
 * apart. */
JsonObject *gesture_event(const struct gesture *gesture, unsigned step);
