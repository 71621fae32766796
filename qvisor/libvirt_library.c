/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/libvirt_library.h"

#include <dlfcn.h>
#include <stdbool.h>

#include "common/error.h"

#define SONAME "libvirt.so.0"

/* Every error is returned, too; libvirt would write it to stderr besides. */
static void keep_quiet(void *data, virErrorPtr error)
{
	(void)data, (void)error;
}

static bool find_all(struct libvirt_library *libvirt, void *handle)
{
#define FIND(function) *(void **)&libvirt->function = dlsym(handle, #function);
	LIBVIRT_FUNCTIONS(FIND)
#undef FIND
#define FOUND(function) &&libvirt->function
	return true LIBVIRT_FUNCTIONS(FOUND);
#undef FOUND
}

const struct libvirt_library *libvirt_library_load(GError **error)
{
	static struct libvirt_library library;
	static bool loaded;
	if (loaded)
		return &library;
	void *handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "libvirt's library is not here (%s): install the package libvirt0, or set "
		    "host.platform=native",
		    dlerror());
		return NULL;
	}
	loaded = find_all(&library, handle) && library.virInitialize() >= 0;
	if (loaded) {
		library.virSetErrorFunc(NULL, keep_quiet);
		return &library;
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED,
	    "libvirt's library (" SONAME ") is of no use; at least 9.0 is wanted");
	dlclose(handle);
	return NULL;
}

void libvirt_library_set_error(
    const struct libvirt_library *libvirt, GError **error, const char *what)
{
	bool unknown = libvirt->virGetLastErrorCode() == VIR_ERR_NO_DOMAIN;
	g_set_error(error, QVMI_ERROR, unknown ? QVMI_ERROR_NOT_FOUND : QVMI_ERROR_FAILED, "%s: %s",
	    what, libvirt->virGetLastErrorMessage());
}
