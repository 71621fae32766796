/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks this process in: afterwards it can compute, read descriptor 0, write descriptors 1 and 2,
 * and end. No file, socket, process, signal, executable memory or other descriptor, whatever the
 * Lua interpreter is tricked into. Root becomes nobody first.
 *
 * Violation of the filter kills the process (SIGSYS): poold sees a dead child and falls back.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* CPU seconds of the whole life; the child ends itself between two calls when half is used. */
#define CONFINE_CPU_SECONDS 60
/* Address space. Libraries take about a third; a call's own memory is bounded in sandbox.h. */
#define CONFINE_ADDRESS_SPACE (128u << 20)

/* Once a process, single-threaded, after everything that needs files has been read. */
bool confine(GError **error);
