/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a broker calls this device for a user (broker/device.h), told with the next sign-in: a file
 * (0600) a server and user in the user's folder of state. Not having one is no failure. */
#pragma once

#include <glib.h>

/* NULL: none is kept. Caller frees. */
char *known_device_load(const char *server, const char *user);
void known_device_save(const char *server, const char *user, const char *device);
