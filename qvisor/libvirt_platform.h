/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The platform by libvirt's daemon on this machine: a phone is a transient domain
 * (libvirt_domain.h), started paused, and destroyed by libvirt; libvirt sees every change of its
 * state by QEMU's own events. What is said to QEMU in between goes over a control socket of ours
 * beside libvirt's (docs/decisions/155): libvirt's calls wait for each other and pass no
 * descriptors over TLS.
 *
 * Calls block and are made in threads. The owner is the main thread.
 */
#pragma once

#include "qvisor/platform.h"

/* `uri`: qemu:///system, qemu:///session, qemu+tls://... of this machine, as
 * https://libvirt.org/uri.html has them. QVMI_ERROR_UNAVAILABLE when nobody answers there,
 * QVMI_ERROR_INVALID when it is not QEMU's or another machine's. Blocks. Both texts outlive it. */
struct platform *libvirt_platform_open(const char *uri, const char *state_folder, GError **error);
