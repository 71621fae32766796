/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone as libvirt is told of it (https://libvirt.org/formatdomain.html). What libvirt manages is
 * said in its own words: name, identity, processors, memory, accelerator, confinement, what an end
 * means. The machine itself is qemu_command.h's, as <qemu:commandline>: a template's state loads
 * into the very same machine only, libvirt has no words for a clone's memory, and two descriptions
 * of one machine would drift apart.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "qvisor/qemu_command.h"

/* Security drivers of libvirt's daemon (its capabilities' <secmodel>). */
struct libvirt_security {
	bool dac, apparmor, selinux;
};

struct libvirt_domain {
	const struct qemu_command *command; /* with its sockets' folder */
	const char *name, *uuid;
	const char *emulator; /* absolute path */
	struct libvirt_security security;
	uid_t uid; /* whom QEMU runs as, where libvirt's daemon has the choice (dac) */
	gid_t gid;
};

/* Caller frees. */
char *libvirt_domain_xml(const struct libvirt_domain *domain);
