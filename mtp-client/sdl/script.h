/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A list of commands that play a user, for tests and demonstrations; one a line, `#` begins a
 * comment:
 *
 *   wait-update [TIMEOUT]         a picture that came after the last input or wait
 *   wait-quiet MS [TIMEOUT]       no new picture for MS
 *   wait-change SHARE% [TIMEOUT]  so much of the picture is not as in the last screenshot
 *   wait-pixel X Y RRGGBB [TIMEOUT]
 *   tap X Y                       touch and let go
 *   swipe X1 Y1 X2 Y2 MS          touch, move, let go
 *   key NAME                      press and release (keymap.h)
 *   text STRING                   the rest of the line, typed on a US keyboard
 *   screenshot FILE               PNG
 *   read-text FILE [TIMEOUT]      what is written on the screen, as the host reads it
 *   sleep MS
 *   mark NAME                     a time stamp in the statistics
 *   measure-tap X Y [TIMEOUT]     tap, and time until a picture that differs is decoded
 *   measure-swipe X1 Y1 X2 Y2 MS [TIMEOUT]
 *
 * Times are milliseconds, time-outs 10000 unless given. Coordinates are phone pixels ("360") or
 * a share of the screen ("50%"). The whole file is checked before anything is played.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

enum script_verb {
	SCRIPT_WAIT_UPDATE,
	SCRIPT_WAIT_QUIET,
	SCRIPT_WAIT_CHANGE,
	SCRIPT_WAIT_PIXEL,
	SCRIPT_TAP,
	SCRIPT_SWIPE,
	SCRIPT_KEY,
	SCRIPT_TEXT,
	SCRIPT_SCREENSHOT,
	SCRIPT_READ_TEXT,
	SCRIPT_SLEEP,
	SCRIPT_MARK,
	SCRIPT_MEASURE_TAP,
	SCRIPT_MEASURE_SWIPE,
};

struct script_coordinate {
	double value; /* pixels, or percent of the screen */
	bool percent;
};

struct script_command {
	enum script_verb verb;
	unsigned line;                  /* in the file, from 1 */
	struct script_coordinate at[4]; /* x1, y1, x2, y2; share */
	unsigned ms;
	unsigned timeout_ms;
	uint16_t key;      /* evdev */
	uint8_t colour[3]; /* red, green, blue */
	char *text;        /* string, file or name */
};

struct script;

/* QVMI_ERROR_INVALID names file and line. */
struct script *script_load(const char *file, GError **error);
/* `name` is for messages. */
struct script *script_parse(const char *text, const char *name, GError **error);
void script_free(struct script *script);

const char *script_name(const struct script *script);
const char *script_verb_name(enum script_verb verb);
/* NULL: past the end. */
const struct script_command *script_command(const struct script *script, unsigned index);

/* The phone pixel of a coordinate on a side of `size` pixels, within the screen. */
uint16_t script_pixel(const struct script_coordinate *coordinate, unsigned size);

DEFINE_CLEANUP(script);
