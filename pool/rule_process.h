/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process of a rule child and the pipes to it. No main loop, no protocol. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

struct rule_process {
	pid_t pid;   /* 0: none */
	int in, out; /* our ends of its standard input and output, non-blocking; -1: none */
};

void rule_process_init(struct rule_process *process);
/* It dies with us; its standard error is ours. */
bool rule_process_start(
    struct rule_process *process, const char *program, const char *script, GError **error);
/* Kills it. `wait`: reaps it here, which takes no longer than its death; else the main loop does.
 */
void rule_process_stop(struct rule_process *process, bool wait);
