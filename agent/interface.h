/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The phone's network interface, where it has been plugged before the phone was anybody's: it gets
 * an address of the phone's own. One that is plugged later comes with it.
 */
#pragma once

#include <stdbool.h>

#define INTERFACE_NETWORKS "/sys/class/net"
#define INTERFACE_NAME_SIZE 16 /* IFNAMSIZ */
#define INTERFACE_MAC_SIZE 18

/* An Ethernet address, EUI-48 as "02:00:5e:10:00:00": lower case, of one machine and not zero. */
bool interface_address_is_valid(const char *mac);
/* The only interface below `networks` that is a device and Ethernet. False: none, or several. */
bool interface_find(const char *networks, char name[static INTERFACE_NAME_SIZE]);
/* It has this address from now on. False, with errno: the kernel or its driver will not. */
bool interface_set_address(const char *name, const char *mac);
