/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libvirt's client library (libvirt.so.0), loaded when it is wanted: a host that is not under
 * libvirt neither has it nor carries the dozen libraries behind it. Names and contracts are
 * <libvirt/libvirt-host.h>'s and its neighbours'. Any thread.
 */
#pragma once

#include <glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#define LIBVIRT_FUNCTIONS(_)                                                                       \
	_(virInitialize)                                                                           \
	_(virSetErrorFunc)                                                                         \
	_(virGetLastErrorCode)                                                                     \
	_(virGetLastErrorMessage)                                                                  \
	_(virConnectOpen)                                                                          \
	_(virConnectClose)                                                                         \
	_(virConnectRef)                                                                           \
	_(virConnectIsAlive)                                                                       \
	_(virConnectGetType)                                                                       \
	_(virConnectGetHostname)                                                                   \
	_(virConnectGetLibVersion)                                                                 \
	_(virConnectGetCapabilities)                                                               \
	_(virConnectListAllDomains)                                                                \
	_(virDomainCreateXML)                                                                      \
	_(virDomainLookupByUUIDString)                                                             \
	_(virDomainGetName)                                                                        \
	_(virDomainDestroy)                                                                        \
	_(virDomainSetMemoryParameters)                                                            \
	_(virDomainSetSchedulerParametersFlags)                                                    \
	_(virDomainFree)

struct libvirt_library {
#define LIBVIRT_FIELD(function) __typeof__(function) *function;
	LIBVIRT_FUNCTIONS(LIBVIRT_FIELD)
#undef LIBVIRT_FIELD
};

/* The only one, initialised, for as long as we live; QVMI_ERROR_NOT_FOUND that says which package
 * has it. */
const struct libvirt_library *libvirt_library_load(GError **error);
/* The calling thread's last error: QVMI_ERROR_FAILED with libvirt's words after `what`, or
 * QVMI_ERROR_NOT_FOUND for a domain that is not there. */
void libvirt_library_set_error(
    const struct libvirt_library *libvirt, GError **error, const char *what);
