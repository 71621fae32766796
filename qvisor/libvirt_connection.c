/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/libvirt_connection.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "qvisor/libvirt_library.h"

/* libvirt is still busy with the end of a domain of that uuid. */
#define PERIOD_US 100000 /* of a limit of processor time */
#define REMOVAL_TRIES 100
#define REMOVAL_WAIT_MS 50

struct libvirt_connection {
	const struct libvirt_library *libvirt;
	struct libvirt_about about;
	GMutex lock; /* of the next */
	virConnectPtr current;
	gint limitless; /* the daemon has no control groups; atomic */
};

/* With the lock. */
static virConnectPtr reopen(struct libvirt_connection *connection, GError **error)
{
	const struct libvirt_library *libvirt = connection->libvirt;
	const char *uri = connection->about.uri;
	if (connection->current && libvirt->virConnectIsAlive(connection->current) != 1) {
		libvirt->virConnectClose(connection->current);
		connection->current = NULL;
	}
	if (!connection->current)
		connection->current = libvirt->virConnectOpen(uri);
	if (connection->current) {
		libvirt->virConnectRef(connection->current);
		return connection->current;
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
	    "libvirt does not answer at %s (host.platform): %s", uri,
	    libvirt->virGetLastErrorMessage());
	return NULL;
}

/* One that lives, for the caller to close; NULL with error. */
static virConnectPtr acquire(struct libvirt_connection *connection, GError **error)
{
	g_mutex_lock(&connection->lock);
	virConnectPtr current = reopen(connection, error);
	g_mutex_unlock(&connection->lock);
	return current;
}

static bool check_machine(
    const struct libvirt_connection *connection, virConnectPtr current, GError **error)
{
	const struct libvirt_library *libvirt = connection->libvirt;
	const char *uri = connection->about.uri, *type = libvirt->virConnectGetType(current);
	if (!type || strcmp(type, "QEMU")) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "host.platform: %s is libvirt's driver of %s; phones want that of QEMU, as "
		    "qemu:///system",
		    uri, type ? type : "nothing");
		return false;
	}
	char *there = libvirt->virConnectGetHostname(current);
	bool here = there && !strcmp(there, g_get_host_name());
	if (!here)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "host.platform: %s is the machine %s and this is %s: a qvisord works beside "
		    "its phones; start one there",
		    uri, there ? there : "unknown", g_get_host_name());
	free(there);
	return here;
}

static bool learn(struct libvirt_connection *connection, virConnectPtr current, GError **error)
{
	const struct libvirt_library *libvirt = connection->libvirt;
	struct libvirt_about *about = &connection->about;
	unsigned long version = 0;
	char *capabilities = libvirt->virConnectGetCapabilities(current);
	if (!capabilities || libvirt->virConnectGetLibVersion(current, &version)) {
		libvirt_library_set_error(libvirt, error, "libvirt");
		free(capabilities);
		return false;
	}
	about->security = (struct libvirt_security){
	    .dac = strstr(capabilities, "<model>dac</model>"),
	    .apparmor = strstr(capabilities, "<model>apparmor</model>"),
	    .selinux = strstr(capabilities, "<model>selinux</model>"),
	};
	about->version = g_strdup_printf(
	    "%lu.%lu.%lu", version / 1000000, version / 1000 % 1000, version % 1000);
	free(capabilities);
	return true;
}

struct libvirt_connection *libvirt_connection_open(const char *uri, GError **error)
{
	const struct libvirt_library *libvirt = libvirt_library_load(error);
	if (!libvirt)
		return NULL;
	AUTO(libvirt_connection) connection = g_new0(struct libvirt_connection, 1);
	connection->libvirt = libvirt;
	connection->about.uri = uri;
	g_mutex_init(&connection->lock);
	virConnectPtr current = acquire(connection, error);
	bool good = current && check_machine(connection, current, error) &&
	            learn(connection, current, error);
	if (current)
		libvirt->virConnectClose(current);
	return good ? g_steal_pointer(&connection) : NULL;
}

void libvirt_connection_free(struct libvirt_connection *connection)
{
	if (!connection)
		return;
	if (connection->current)
		connection->libvirt->virConnectClose(connection->current);
	g_mutex_clear(&connection->lock);
	g_free(connection->about.version);
	g_free(connection);
}

const struct libvirt_about *libvirt_connection_about(const struct libvirt_connection *connection)
{
	return &connection->about;
}

bool libvirt_connection_limits(const struct libvirt_connection *connection)
{
	return connection->about.security.dac && !g_atomic_int_get(&connection->limitless);
}

/* Not in the XML: there a limit of memory is one of locked memory, too (RLIMIT_MEMLOCK), and a
 * daemon that may not set that starts nothing. */
static bool set_limits(
    const struct libvirt_library *libvirt, virDomainPtr domain, const struct qemu_limits *limits)
{
	virTypedParameter memory = {.field = VIR_DOMAIN_MEMORY_HARD_LIMIT,
	    .type = VIR_TYPED_PARAM_ULLONG,
	    .value.ul = limits->memory_mib * 1024ULL};
	virTypedParameter processors[] = {
	    {.field = VIR_DOMAIN_SCHEDULER_GLOBAL_PERIOD,
	        .type = VIR_TYPED_PARAM_ULLONG,
	        .value.ul = PERIOD_US},
	    {.field = VIR_DOMAIN_SCHEDULER_GLOBAL_QUOTA,
	        .type = VIR_TYPED_PARAM_LLONG,
	        .value.l = limits->cpu_percent * (PERIOD_US / 100LL)},
	};
	return !libvirt->virDomainSetMemoryParameters(domain, &memory, 1, VIR_DOMAIN_AFFECT_LIVE) &&
	       !libvirt->virDomainSetSchedulerParametersFlags(
	           domain, processors, 2, VIR_DOMAIN_AFFECT_LIVE);
}

/* Control groups may be missing as a whole, or a controller; a phone runs without. */
static void limit(
    struct libvirt_connection *connection, virDomainPtr domain, const struct qemu_limits *limits)
{
	const struct libvirt_library *libvirt = connection->libvirt;
	if (libvirt_connection_limits(connection) && !set_limits(libvirt, domain, limits) &&
	    libvirt->virGetLastErrorCode() != VIR_ERR_NO_DOMAIN &&
	    g_atomic_int_compare_and_exchange(&connection->limitless, 0, 1))
		g_warning("libvirt does not limit what phones use: %s",
		    libvirt->virGetLastErrorMessage());
}

bool libvirt_connection_create(struct libvirt_connection *connection, const char *xml,
    const struct qemu_limits *limits, bool child, GError **error)
{
	const struct libvirt_library *libvirt = connection->libvirt;
	virConnectPtr current = acquire(connection, error);
	if (!current)
		return false;
	unsigned flags = VIR_DOMAIN_START_PAUSED | (child ? VIR_DOMAIN_START_AUTODESTROY : 0);
	virDomainPtr domain = libvirt->virDomainCreateXML(current, xml, flags);
	for (unsigned i = 0; !domain && i < REMOVAL_TRIES &&
	                     libvirt->virGetLastErrorCode() == VIR_ERR_OPERATION_FAILED;
	     i++) {
		g_usleep(REMOVAL_WAIT_MS * 1000);
		domain = libvirt->virDomainCreateXML(current, xml, flags);
	}
	if (!domain)
		libvirt_library_set_error(libvirt, error, "libvirt cannot start it");
	if (domain)
		limit(connection, domain, limits);
	if (domain)
		libvirt->virDomainFree(domain);
	libvirt->virConnectClose(current);
	return domain;
}

bool libvirt_connection_destroy(
    struct libvirt_connection *connection, const char *uuid, GError **error)
{
	const struct libvirt_library *libvirt = connection->libvirt;
	virConnectPtr current = acquire(connection, error);
	if (!current)
		return false;
	virDomainPtr domain = libvirt->virDomainLookupByUUIDString(current, uuid);
	bool destroyed = domain && !libvirt->virDomainDestroy(domain);
	if (!destroyed)
		libvirt_library_set_error(libvirt, error, "libvirt cannot end it");
	if (domain)
		libvirt->virDomainFree(domain);
	libvirt->virConnectClose(current);
	return destroyed;
}

GPtrArray *libvirt_connection_list(struct libvirt_connection *connection, GError **error)
{
	const struct libvirt_library *libvirt = connection->libvirt;
	virConnectPtr current = acquire(connection, error);
	virDomainPtr *domains = NULL;
	if (!current)
		return NULL;
	int n =
	    libvirt->virConnectListAllDomains(current, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
	GPtrArray *names = NULL;
	if (n >= 0)
		names = g_ptr_array_new_with_free_func(g_free);
	else
		libvirt_library_set_error(libvirt, error, "libvirt cannot list its domains");
	for (int i = 0; i < n; i++) {
		g_ptr_array_add(names, g_strdup(libvirt->virDomainGetName(domains[i])));
		libvirt->virDomainFree(domains[i]);
	}
	free(domains);
	libvirt->virConnectClose(current);
	return names;
}
