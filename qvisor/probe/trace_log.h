/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU's log (-d guest_errors,unimp,invalid_mem) says of accesses that nothing answered:
 * counted by address. The guest decides what is in it; it is bounded. */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

#define TRACE_PLACES_MAX 128

struct trace_place {
	uint64_t address;
	char region[48]; /* QEMU's name of the device that it is in; "": none */
	unsigned reads, writes;
};

struct trace_log {
	struct trace_place places[TRACE_PLACES_MAX];
	unsigned count, dropped; /* accesses to further places */
};

void trace_log_line(struct trace_log *log, const char *line);
/* Of the guest's kernel, when it was told to say so ("dyndbg"): "bound device X to driver Y".
 * False: the line is another one. */
bool trace_log_bound(const char *line, char device[64], char driver[64]);
/* As the report has it, with the board's node and what to do; `nodes`: the report's, may be NULL.
 * Caller unrefs. */
JsonArray *trace_log_json(const struct trace_log *log, JsonArray *nodes);
