/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The last `lines` lines of a log file, each indented, without control characters; "" when there is
 * none. Caller frees. */
char *log_tail(const char *file, unsigned lines);
