/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/folder.h"
#include "qvisor/platform.h"

/* Two daemons must not adopt the same phones. The lock goes with the process, however that ends. */
static bool host_lock(struct host *host, GError **error)
{
	host->lock = open(host->state_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (host->lock >= 0 && !flock(host->lock, LOCK_EX | LOCK_NB))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "another qvisord works in %s (%s)",
	    host->state_folder, g_strerror(errno));
	return false;
}

static const char *const network_names[HOST_N_NETWORKS] = {
    [HOST_NETWORK_NONE] = "none",
    [HOST_NETWORK_ISOLATED] = "isolated",
    [HOST_NETWORK_INTERNET] = "internet",
    [HOST_NETWORK_LISTED] = "listed",
};

const char *host_network_name(const struct host *host)
{
	return network_names[host->network_kind];
}

static bool parse_network(struct host *host, const struct config *config, GError **error)
{
	const char *name = config_string(config, "phone", "network");
	for (unsigned i = 0; i < HOST_N_NETWORKS; i++)
		if (!strcmp(name, network_names[i])) {
			host->network_kind = i;
			return true;
		}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "phone.network is \"%s\"; it can be \"none\", \"isolated\", \"internet\" or \"listed\"",
	    name);
	return false;
}

bool host_init(struct host *host, const struct config *config, GError **error)
{
	*host = (struct host){
	    .id = config_string(config, "host", "id"),
	    .state_folder = config_string(config, "host", "state-folder"),
	    .template_folder = config_string(config, "host", "template-folder"),
	    .qemu = config_string(config, "host", "qemu"),
	    .qemu_aarch64 = config_string(config, "host", "qemu-aarch64"),
	    .tb_size_mib = config_int(config, "host", "tb-size-mib"),
	    .zygote_tb_size_mib = config_int(config, "host", "zygote-tb-size-mib"),
	    .mem_merge = config_bool(config, "host", "mem-merge"),
	    .max_phones = config_int(config, "host", "max-phones"),
	    .memory_reserve_mib = config_int(config, "host", "memory-reserve-mib"),
	    .disk_reserve_mib = config_int(config, "host", "disk-reserve-mib"),
	    .started = g_get_monotonic_time(),
	};
	if (!parse_network(host, config, error))
		return false;
	if (!manifest_name_valid(host->id)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "host.id is \"%s\"; it is 1 to 32 of a-z, 0-9 and \"-\"", host->id);
		return false;
	}
	if (!host->state_folder || !host->template_folder) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "host.state-folder and host.template-folder must be set");
		return false;
	}
	if (!folder_make(host->state_folder, error) || !folder_make(host->template_folder, error) ||
	    !host_lock(host, error) || !(host->qemu_version = qemu_version(host->qemu, error)))
		return false;
	host->accelerator = accelerator_find(config_string(config, "host", "accelerator"),
	    host->qemu, host->qemu_version, host->template_folder, error);
	if (!host->accelerator)
		return false;
	const struct platform_settings settings = {
	    .wanted = config_string(config, "host", "platform"),
	    .launcher = config_string(config, "host", "launcher"),
	    .state_folder = host->state_folder,
	};
	if (!(host->platform = platform_open(&settings, error)))
		return false;
	host->operations = operations_new();
	return true;
}

/* A model with what distributions compile for by now, and without pointer authentication, which
 * costs TCG more than all the rest of a call. */
#define CPU_AARCH64 "cortex-a76"

struct emulator host_emulator(const struct host *host, enum manifest_architecture architecture)
{
	if (architecture == MANIFEST_AARCH64)
		return (struct emulator){host->qemu_aarch64, "tcg", CPU_AARCH64};
	return (struct emulator){host->qemu, host->accelerator->name, host->accelerator->cpu};
}

static bool refuse(GError **error, const char *why)
{
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID, why);
	return false;
}

bool host_can_run(const struct host *host, const struct manifest *manifest, GError **error)
{
	if (manifest->kind == MANIFEST_ANDROID)
		return refuse(error,
		    "the image is Android, which is described and not yet run here "
		    "(docs/decisions/140); take a Linux image");
	if (manifest->architecture == MANIFEST_X86_64)
		return true;
	g_autofree char *version = qemu_version(host->qemu_aarch64, error);
	if (!version)
		g_prefix_error(error,
		    "the image is for aarch64; install qemu-system-arm or set host.qemu-aarch64: ");
	return version;
}

void host_finish(struct host *host)
{
	host->platform->free(g_steal_pointer(&host->platform));
	g_clear_pointer(&host->operations, operations_free);
	g_clear_pointer(&host->accelerator, accelerator_free);
	g_clear_pointer(&host->qemu_version, g_free);
	close(host->lock);
}

uint64_t host_memory_available_mib(void)
{
	g_autofree char *text = NULL;
	unsigned long long kib = 0;
	if (g_file_get_contents("/proc/meminfo", &text, NULL, NULL)) {
		const char *line = strstr(text, "MemAvailable:");
		if (line && sscanf(line, "MemAvailable: %llu", &kib) != 1)
			kib = 0;
	}
	return kib >> 10;
}
