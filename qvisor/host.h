/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known about this machine and this daemon, shared by all parts of qvisord. Main thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/config.h"
#include "common/operation.h"
#include "qvisor/accelerator.h"
#include "qvisor/manifest.h"

struct networks;
struct migration;
struct performance;
struct phone_table;
struct platform;
struct prespawn;
struct template_store;
struct user_volume_store;
struct zygotes;

enum host_network {
	HOST_NETWORK_NONE,     /* no interface, but for a phone with a policy of its own */
	HOST_NETWORK_ISOLATED, /* an interface without a cable: docs/decisions/011 */
	HOST_NETWORK_INTERNET, /* network_policy.h */
	HOST_NETWORK_LISTED,
	HOST_N_NETWORKS
};

struct host {
	const char *id;
	const char *state_folder;    /* a folder a phone below */
	const char *template_folder; /* a folder a template below */
	const char *qemu;            /* program */
	const char *qemu_aarch64;    /* program */
	struct platform *platform;
	char *qemu_version;
	int lock; /* on the state folder */
	struct accelerator *accelerator;
	unsigned tb_size_mib;
	unsigned zygote_tb_size_mib; /* of one that many share */
	bool mem_merge;              /* docs/decisions/102 */
	unsigned max_phones;
	enum host_network network_kind; /* of phones without a policy of their own */
	struct networks *networks;
	unsigned memory_reserve_mib; /* a phone is not started when less would stay free */
	unsigned disk_reserve_mib;
	int64_t started; /* g_get_monotonic_time() */
	struct template_store *templates;
	struct phone_table *phones;
	struct prespawn *prespawn;
	struct zygotes *zygotes;
	struct performance *performance;
	struct user_volume_store *volumes; /* NULL: none are kept here */
	struct operations *operations;
	struct migration *migration;       /* NULL: phones neither come nor leave */
	struct registration *registration; /* NULL: with no pool */
};

/* Fills what the configuration says and probes QEMU; finish frees it. The tables are the caller's.
 */
bool host_init(struct host *host, const struct config *config, GError **error);
void host_finish(struct host *host);
struct emulator host_emulator(const struct host *host, enum manifest_architecture architecture);
/* Is there one for this manifest, and where it has to be, in a jail? QVMI_ERROR_INVALID that says
 * what to do. Blocks for some milliseconds for another architecture than our own. */
bool host_can_run(const struct host *host, const struct manifest *manifest, GError **error);
/* As phone.network says it. */
const char *host_network_name(const struct host *host);
/* MemAvailable of /proc/meminfo; 0 when it cannot be read. */
uint64_t host_memory_available_mib(void);
