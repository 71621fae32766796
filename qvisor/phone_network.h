/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone's network interface: a virtio-net on a spare PCIe root port, at a hub of QEMU's; passt
 * (network.h) is at the hub's other port, or nothing is and it has no cable (docs/decisions/011).
 * Saved state carries a MAC, so it is plugged after the clone, when the guest knows who it is. What
 * is forked has its zygote's, whose cable is cut: it stays if the guest has given it the phone's
 * address (docs/decisions/205). When its passt ends it is pulled, and plugged again with a new one.
 * Main thread.
 */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

struct host;
struct phone;

/* Does nothing when it is plugged already, or phones have none. */
void phone_network_plug(struct phone *phone);
/* The guest has been told who it is: plugs it; one that was there before gets its cable, if it has
 * the phone's address, and makes room for another if it has not. */
void phone_network_identified(struct phone *phone);
/* Takes the cable away; the interface stays. */
void phone_network_cut(struct phone *phone);
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
