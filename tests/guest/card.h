/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The picture: a test card whose parts are what an encoder meets in a phone (solid colour, few
 * colours, a gradient, text), and the marks by which it answers touch and keys. README.md gives the
 * places and colours; tests rely on them.
 */
#pragma once

#include "screen.h"

struct card {
	struct screen *screen; /* not owned */
	char hostname[65];
	char application[65]; /* the last one launched; empty: none */
	unsigned keys, touches;
};

/* Each draws and flushes exactly what it changed. */
void card_draw(struct card *card);                         /* all of it, without marks */
void card_mark(struct card *card, int slot, int x, int y); /* a square around a contact */
void card_show_status(struct card *card);                  /* after a member has changed */
