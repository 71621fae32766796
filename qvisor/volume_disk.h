/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A user's volume as a disk of a phone's QEMU: key, block node and virtio disk on a spare root
 * port. QEMU may see no path, so it is handed the open file. Main thread.
 */
#pragma once

#include "qvisor/phone.h"

#define VOLUME_DISK_SERIAL "qvmi-volume" /* what the guest knows it by */

/* `done` tells of the device; what QEMU says of the block node before, which is nearer to the
 * cause, is in phone->volume->problem. An error of "Duplicate device ID" is success, see
 * volume_disk_is_there(). False with error when there is nothing to plug. */
bool volume_disk_plug(struct phone *phone, qmp_reply_fn done, GError **error);
/* Did an earlier attempt plug it already? */
bool volume_disk_is_there(const GError *error);
/* Asks the guest to let go; DEVICE_DELETED follows, see volume_disk_is_gone(). */
void volume_disk_pull(struct phone *phone, qmp_reply_fn done);
bool volume_disk_is_gone(const char *event, JsonObject *payload);
/* What was behind the device: node, key, file. */
void volume_disk_close(struct phone *phone);
