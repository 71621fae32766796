/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of a start: up to where there is a QEMU. */
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/overlay.h"
#include "qvisor/overlay_check.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_start_private.h"
#include "qvisor/phone_volume.h"
#include "qvisor/platform.h"
#include "qvisor/zygote.h"

static void on_verified(void *data, const GError *error)
{
	struct phone_start *start = start_wait_end(data);
	if (start && error)
		start_fail(start, error);
	else if (start)
		start_next(start);
}

void start_step_verify(struct phone_start *start)
{
	template_verify(start->phone->template, on_verified, start_wait_new(start));
}

void start_step_check(struct phone_start *start)
{
	g_autofree char *overlay = g_build_filename(start->phone->folder, "overlay.qcow2", NULL);
	g_autoptr(GError) error = NULL;
	if (overlay_check(overlay, &error))
		start_next(start);
	else
		start_fail(start, error);
}

void start_step_overlay(struct phone_start *start)
{
	struct phone *phone = start->phone;
	g_autoptr(GError) error = NULL;
	const char *disk = template_path(phone->template, "disk"), *format;
	if (disk) {
		g_autofree char *overlay = g_build_filename(phone->folder, "overlay.qcow2", NULL);
		uint64_t size = overlay_virtual_size(disk, &format, &error);
		if (!size || !overlay_create(overlay, disk, format, size, &error)) {
			start_fail(start, error);
			return;
		}
		start->new_overlay = true;
	}
	start_next(start);
}

static void on_spawned(void *data, struct qemu_process *process, const GError *cause)
{
	struct phone *phone = data;
	struct phone_start *start = phone->start;
	g_autoptr(GError) error = NULL;
	g_clear_object(&start->spawning);
	AUTO_FD handed_on = fd_steal(&start->fork_socket);
	(void)handed_on;
	phone->process = process;
	/* The record names the process from its first moment, so that no crash of ours can orphan
	 * it. */
	if (!process)
		start_fail(start, cause);
	else if (!phone_record_store(phone, &error) || !phone_connect(phone, &error))
		start_fail(start, error);
	else
		start_next(start);
}

/* What is known of a QEMU that ran before is not true of this one. */
static void begin_anew(struct phone_start *start)
{
	struct phone *phone = start->phone;
	if (!start_has_own_state(start)) {
		phone->cold = start->kind == START_COLD;
		phone->booted = phone->machine =
		    phone->cold ? phone->wanted : (struct phone_machine){0};
	}
	/* One that is resumed is told the time, and gets new random numbers. */
	phone->switched_off = phone->restarts = phone->identity_set = false;
	start->had_network = start_has_own_state(start) && phone->has_network;
	phone->has_network = start->had_network;
	if (phone->volume && !start_has_own_state(start))
		phone->volume->plugged = phone->volume->mounted = false;
}

void start_step_spawn(struct phone_start *start)
{
	struct phone *phone = start->phone;
	const struct host *host = phone->host;
	const struct manifest *manifest = phone->template->manifest;
	g_autofree char *overlay =
	    g_build_filename(host->platform->in_folder ? "" : phone->folder, "overlay.qcow2", NULL);
	begin_anew(start);
	const struct qemu_command command = {
	    .boot = start->kind == START_COLD ? QEMU_BOOT_COLD
	            : phone->cold             ? QEMU_BOOT_RESUME
	                                      : QEMU_BOOT_CLONE,
	    .manifest = manifest,
	    .emulator = host_emulator(host, manifest->architecture),
	    .tb_size_mib = start->fork_socket < 0 ? host->tb_size_mib : host->zygote_tb_size_mib,
	    .mem_merge = host->mem_merge,
	    .uuid = phone->uuid,
	    .cpus = phone->booted.cpus,
	    .memory_mib = phone->booted.memory_mib,
	    .memory = phone->cold ? NULL : template_path(phone->template, "memory"),
	    .disk = manifest->disk ? overlay : NULL,
	};
	/* What it reads, where it may not see all: the disk is overlay, template's disk, image. */
	const char *files[5] = {NULL};
	unsigned n = 0;
	if (start->kind == START_COLD)
		files[n++] = manifest->kernel;
	else if (command.memory)
		files[n++] = command.memory;
	if (start->kind == START_COLD && manifest->initrd)
		files[n++] = manifest->initrd;
	if (manifest->disk) {
		files[n++] = template_path(phone->template, "disk");
		files[n++] = manifest->disk;
	}
	start->spawning = g_cancellable_new();
	const struct platform_spawn spawn = {.command = &command,
	    .folder = phone->folder,
	    .uuid = phone->uuid,
	    .files = files,
	    .fork_socket = start->fork_socket < 0 ? NULL : &start->fork_socket,
	    .cancellable = start->spawning,
	    .exited = phone_exited,
	    .data = phone};
	host->platform->start(host->platform, &spawn, on_spawned);
}

/* --- out of one that waits to be forked --- */

static void start_over(struct phone_start *start)
{
	g_autofree char *overlay = g_build_filename(start->phone->folder, "overlay.qcow2", NULL);
	if (start->new_overlay)
		unlink(overlay);
	start->new_overlay = false;
	start_without_fork(start);
}

void start_step_copy(struct phone_start *start)
{
	struct phone *phone = start->phone;
	const struct zygote *zygote = zygotes_find(phone->host->zygotes, phone->template);
	g_autofree char *overlay = g_build_filename(phone->folder, "overlay.qcow2", NULL);
	g_autoptr(GError) error = NULL;
	if (!zygote) {
		start_over(start);
	} else if (!zygote_copy_disk(zygote, overlay, &error)) {
		start_fail(start, error);
	} else {
		start->new_overlay = template_path(phone->template, "disk");
		start_next(start);
	}
}

static void on_forked(void *data, struct qemu_process *process, const GError *cause)
{
	struct phone *phone = data;
	if (process) {
		on_spawned(data, process, cause);
		return;
	}
	g_clear_object(&phone->start->spawning);
	g_warning("phone %s: %s; its state is loaded instead", phone->uuid, cause->message);
	start_over(phone->start);
}

void start_step_fork(struct phone_start *start)
{
	struct phone *phone = start->phone;
	struct zygote *zygote = zygotes_find(phone->host->zygotes, phone->template);
	if (!zygote) {
		start_over(start);
		return;
	}
	begin_anew(start);
	phone->has_network = zygote_has_network(zygote);
	start->spawning = g_cancellable_new();
	const struct platform_spawn spawn = {.folder = phone->folder,
	    .uuid = phone->uuid,
	    .cancellable = start->spawning,
	    .exited = phone_exited,
	    .data = phone};
	zygote_fork(zygote, &spawn, on_forked);
}
