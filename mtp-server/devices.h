/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The screens of known terminals, for those that do not tell theirs in HELLO: devices.txt, which is
 * built in. Models that are asked for and not known are logged once each, for its next edition.
 * One thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "mtp/messages.h"

#define DEVICES_UNKNOWN_MAX 256 /* models that are remembered as logged; more are not logged */

struct device {
	uint16_t width, height, dpi; /* as it is held upright */
	uint8_t touch_points;
};

struct devices;

/* NULL: the text, of the form that devices.txt describes, is wrong; QVMI_ERROR_INVALID with the
 * line. */
struct devices *devices_new(const char *text, GError **error);
/* The built-in list. */
struct devices *devices_new_built_in(void);
void devices_free(struct devices *devices);

unsigned devices_count(const struct devices *devices); /* lines, not names */
/* NULL: not known. Without regard to case. */
const struct device *devices_find(const struct devices *devices, const char *model);
/* What the terminal has not told is filled in when its model is known; else it stays 0: its picture
 * is not scaled. */
void devices_complete(struct devices *devices, const char *model, struct mtp_terminal *terminal);

DEFINE_CLEANUP(devices);
