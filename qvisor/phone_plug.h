/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processors and DIMMs that are plugged into a phone that runs (QEMU docs/system/cpu-hotplug.rst,
 * docs/memory-hotplug.txt), in the room that its image's manifest gives its machine. They are
 * numbered, each the same wherever it is plugged, so that how many there are is all that a saved
 * state needs to be loaded again. A DIMM's memory is its own and none of the template's. Main
 * thread.
 */
#pragma once

#include "qvisor/phone.h"

/* How much of the machine that is ordered can be had at once: each member is that of the order or
 * as it is now. Nothing can be pulled. Only while the phone has a template. */
struct phone_machine phone_plug_part(const struct phone *phone, struct phone_machine order);
/* Plugs what is missing to `machine`, has the guest put it to use and records it. With what has
 * gone wrong the phone has what was plugged until then. QVMI_ERROR_EXHAUSTED when the host has too
 * little memory. */
void phone_plug(struct phone *phone, struct phone_machine machine, phone_done_fn done, void *data);
/* Before a saved state is loaded: what was plugged when it was saved. */
void phone_plug_for_state(struct phone *phone);
