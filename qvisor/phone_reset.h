/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking from a phone what it has become. What is kept apart from it, it keeps. Main thread. */
#pragma once

#include "qvisor/phone.h"

/* Back to its template: overlay and suspended memory go; identity, snapshots and its user's volume
 * stay; done when it runs again. With `upgrade` to the newest template of that name;
 * QVMI_ERROR_CONFLICT then while it has snapshots, which fit the older one only. */
void phone_reset(struct phone *phone, bool upgrade, phone_done_fn done, void *data);

/* Crypto-erase: first its key and that of its user's volume are destroyed, so that what is sealed
 * with it, suspended memory and snapshots, is lost wherever copies of it are; then its QEMU is
 * killed, those files are deleted, its user's volume goes, and its overlay, which is not sealed, is
 * overwritten and deleted. Done when all that has happened and the phone is off; when started it is
 * cloned. Goes on after failures and tells the first. */
void phone_wipe(struct phone *phone, phone_done_fn done, void *data);
