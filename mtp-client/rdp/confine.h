/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the process of an RDP client gives up, because FreeRDP reads what a stranger sends: from
 * here on it has the descriptors that it was given, memory and time, and nothing else (seccomp(2)):
 * no file, no process, no network. With the sanitizers, which need more, limits only. Linux only.
 */
#pragma once

#include <stdbool.h>

/* False: errno says why. */
bool confine(void);
