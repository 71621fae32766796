/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone's network interface. Saved state carries a MAC, so it is plugged after the clone, when
 * the guest knows who it is: a virtio-net on a spare PCIe root port, its other end on passt
 * (network.h) or on a hub with nothing else on it (docs/decisions/011). When its passt ends it is
 * pulled, and plugged again with a new one. Main thread.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

struct host;
struct phone;

/* Does nothing when it is plugged already, or phones have none. */
void phone_network_plug(struct phone *phone);
/* Asks for it back; `has_network` says when the guest has let go of it. */
void phone_network_unplug(struct phone *phone);
/* Another policy (network_reach.h; normalized; NULL: the host's own), from now on: what it reached
 * by the one before it reaches no more, whatever the guest does. */
bool phone_network_set(struct phone *phone, const char *reach, GError **error);
/* Can a phone here have this policy? `*normal` is the text for it, the caller's. `reach` and with
 * it
 * `*normal` may be NULL. Blocks for some 100 ms when its network has to be made. */
bool phone_network_check(const struct host *host, const char *reach, char **normal, GError **error);
/* networks_used_fn, `data` is the host. */
bool phone_network_is_used(void *data, const char *reach);
/* An event of QEMU's. */
void phone_network_event(struct phone *phone, const char *name, JsonObject *payload);
