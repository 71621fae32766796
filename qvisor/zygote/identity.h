/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tells a forked QEMU from the one that it was: the name on its command line, by which a
 * host's administrator and qvisord find it in /proc; the uuid that QMP tells; and the generation id
 * of its virtual machine, changed and announced to the guest as when a state is loaded (QEMU's
 * docs/specs/vmgenid.rst). QEMU exports to its modules what that needs. Main thread, with QEMU's
 * lock; with all threads there.
 */
#pragma once

#include <stdbool.h>

#define IDENTITY_UUID_LENGTH 36

/* From the library's constructor, which is told them. */
void identity_init(int argc, char **argv);
/* `uuid` in the usual 36 characters. NULL, or what is wrong. */
const char *identity_take(const char *uuid);
