/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between phone_volume.c (who has it), phone_volume_mount.c (the way in) and phone_volume_leave.c
 * (the way out). */
#pragma once

#include "qvisor/phone_volume.h"

/* The phone runs, and QEMU and its agent can be asked. */
bool phone_volume_can_be_asked(const struct phone *phone);
/* An attempt to mount has ended like that: who waits is told. */
void phone_volume_fail(struct phone *phone, const GError *cause);
/* So has one to let go; without `error` the phone has no volume any more. */
void phone_volume_leave_end(struct phone *phone, const GError *error);
