/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where `qvmi up` keeps what: everything by --state, so that two of them with different state
 * folders do not meet.
 *
 *   state/             lock, etc/ (configuration), pki/, passwords, databases, host/, log/
 *   run/               sockets and up.json; gone when nothing runs
 *   cache/             templates, by content; outlives everything
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

struct up_layout {
	char *state, *run, *cache;
	char *programs;   /* folder of the daemons: that of this program */
	char *rules;      /* folder of the scripts that ship */
	char *web_client; /* pages; NULL when they have not been built */
	char *web_console;
	int lock; /* descriptor; -1: not taken */
};

/* NULL for `state` and `cache`: the user's own (XDG base directories). Makes no folder. */
struct up_layout *up_layout_new(const char *state, const char *cache);
/* Gives up the lock. */
void up_layout_free(struct up_layout *layout);

/* Makes the folders of state and cache (0700) and takes the lock. QVMI_ERROR_CONFLICT tells who has
 * it. */
bool up_layout_prepare(struct up_layout *layout, GError **error);
/* Makes the run folder (0700), and sees that it is ours alone. */
bool up_layout_prepare_run(const struct up_layout *layout, GError **error);
/* Removes the run folder. */
void up_layout_clear_run(const struct up_layout *layout);

/* Paths; caller frees. */
char *up_layout_state_file(const struct up_layout *layout, const char *name);
char *up_layout_socket(const struct up_layout *layout, const char *name); /* run/NAME.sock */
char *up_layout_url(const struct up_layout *layout, const char *name);    /* unix:run/NAME.sock */
char *up_layout_program(const struct up_layout *layout, const char *name);

DEFINE_CLEANUP(up_layout);
