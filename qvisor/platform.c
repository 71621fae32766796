/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/platform.h"

#include <string.h>

#include "common/error.h"
#include "qvisor/libvirt_platform.h"
#include "qvisor/native.h"

#define LIBVIRT "libvirt:"

struct platform *platform_open(const struct platform_settings *settings, GError **error)
{
	if (!strcmp(settings->wanted, "native"))
		return native_new(settings->launcher, settings->state_folder);
	if (!g_str_has_prefix(settings->wanted, LIBVIRT)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "host.platform is \"%s\"; it can be \"native\" or \"libvirt:URI\", as in "
		    "libvirt:qemu:///system",
		    settings->wanted);
		return NULL;
	}
	if (settings->launcher) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "host.launcher is set and host.platform is libvirt: qvisor-launch jails what "
		    "qvisord starts itself; unset one of the two");
		return NULL;
	}
	return libvirt_platform_open(
	    settings->wanted + strlen(LIBVIRT), settings->state_folder, error);
}
