/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user's own volume: an ext4 that the host plugs as a virtio disk with a serial number. Its
 * root belongs to root; the user's home is the folder `home` in it, which is bound over the home
 * that the image came with, nosuid and nodev. A new volume's home begins as a
 * copy of the image's, where the guest has cp(1).
 *
 * Blocks; needs root.
 */
#pragma once

#include "agent/command.h"
#include "agent/rpc.h"

#include <stdbool.h>

#define VOLUME_SERIAL_MAX 20 /* virtio 1.2, 5.2.6: VIRTIO_BLK_T_GET_ID */

/* Letters, digits and hyphens. */
bool volume_serial_is_valid(const char *serial);
/* "/dev/NAME" of the disk of this serial number below `sysfs` (/sys/class/block); false: none. */
bool volume_find(const char *sysfs, const char *serial, char device[64]);

/* Waits for the disk, checks its file system, mounts it, and gives it to the account. True also
 * when that is so already. */
bool volume_mount(const char *serial, const struct account *account, struct rpc_error *error);
/* Takes it away again: fails while programs use it. True when it is not mounted. */
bool volume_unmount(const struct account *account, struct rpc_error *error);

/* Makes the home of `volume` from a copy of the account's, whole or not at all; true when it is
 * there,
 * `*made` when it was not before. */
bool volume_make_home(
    const char *volume, const struct account *account, bool *made, struct rpc_error *error);
