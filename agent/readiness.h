/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When is this machine ready to be shown, or to be cloned from? A small state machine that is
 * stepped until it says "ready" and then never again.
 *
 *   booting -> session -> shell -> settling -> ready
 *
 * With a ready file: ready as soon as the file exists. With a shell: session when the compositor's
 * socket is there, shell when the phone shell has told its service manager that it is up (the
 * image's unit then makes the marker file), settling until the processors have been idle for a
 * while, so that a template is taken of a machine that has nothing left to do. Time and /proc/stat
 * are read through the arguments, so that a test can own them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum readiness_stage {
	READINESS_BOOTING,
	READINESS_SESSION,
	READINESS_SHELL,
	READINESS_SETTLING,
	READINESS_READY,
};

struct readiness_config {
	const char *ready_file;   /* ready when it exists; NULL: wait for the shell */
	const char *runtime_dir;  /* the session's, e.g. /run/user/1000: its wayland-N socket means
	                             "session" */
	const char *shell_marker; /* exists once the shell has drawn its first screen */
	const char *proc_stat;    /* /proc/stat */
	unsigned idle_percent;    /* settled when the processors were at least so idle ... */
	unsigned idle_ms;         /* ... for so long */
	unsigned settle_max_ms;   /* and if that never comes, ready after so long all the same */
};

struct readiness {
	const struct readiness_config *config; /* not owned */
	enum readiness_stage stage;
	int64_t settling_since_ms;
	int64_t idle_since_ms; /* -1: not idle at the last look */
	uint64_t idle_ticks;
	uint64_t total_ticks;
};

void readiness_init(struct readiness *readiness, const struct readiness_config *config);

/* Looks once; now_ms is any monotonic clock. Moves at most to the next stage. True when the stage
 * changed. */
bool readiness_step(struct readiness *readiness, int64_t now_ms);

/* How long to wait before the next step; -1 when ready: never. */
int readiness_interval_ms(const struct readiness *readiness);

/* The stage's name in the protocol. */
const char *readiness_stage_name(enum readiness_stage stage);
