/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone's network interface. Saved state carries a MAC, so it is plugged after the clone, when
 * the guest knows who it is: a virtio-net on a spare PCIe root port, its other end on passt
 * (network.h) or on a hub with nothing else on it (docs/decisions/011). When its passt ends it is
 * pulled, and plugged again with a new one. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>

struct phone;

/* Does nothing when it is plugged already, or phones have none. */
void phone_network_plug(struct phone *phone);
/* An event of QEMU's. */
void phone_network_event(struct phone *phone, const char *name, JsonObject *payload);
