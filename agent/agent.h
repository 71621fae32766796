/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The agent: the methods of PROTOCOL.md, what it tells the host unasked, and the loop that waits
 * for either.
 *
 * One thread. Before the machine is ready the loop wakes now and then to look; after that it sleeps
 * until the host sends something.
 */
#pragma once

#include "agent/port.h"
#include "agent/readiness.h"

#include <stdbool.h>
#include <sys/types.h>

#define AGENT_VERSION 1

struct agent_config {
	struct readiness_config readiness;
	const char *port_name;    /* virtio-serial port */
	const char *applications; /* folder of desktop files */
	uid_t uid;                /* whose graphical session it is */
};

struct agent {
	const struct agent_config *config; /* not owned */
	struct port port;
	struct readiness readiness;
	bool power_off; /* asked for: the answer leaves first */
};

void agent_init(struct agent *agent, const struct agent_config *config);
void agent_finish(struct agent *agent);

/* Gives the agent a connected descriptor instead of a virtio-serial port it opened itself. The
 * agent owns it from here. */
void agent_attach(struct agent *agent, int fd);

/* Looks at readiness once, and tells the host what changed. Returns the time to the next look in
 * ms, or -1 for never. */
int agent_step(struct agent *agent, int64_t now_ms);

/* Runs until the machine goes off; returns the process' exit status. */
int agent_run(struct agent *agent);
