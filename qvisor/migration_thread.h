/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work that blocks on another host, in a thread of its own: GTask's pool is for what ends by
 * itself, and a few that wait for the network would keep it from everybody. */
#pragma once

#include <glib.h>

/* `run` in the thread, then `done` from the main loop (its result is ignored). */
void migration_thread(void (*run)(void *data), void (*done)(void *data), void *data);
