/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/native.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/process.h"
#include "qvisor/launcher.h"

struct native {
	struct platform platform;
	const char *launcher, *state_folder;
};

static struct native *native_of(struct platform *platform)
{
	return (struct native *)platform; /* its first member */
}

static void start(
    struct platform *platform, const struct platform_spawn *spawn, platform_started_fn started)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) argv = qemu_command_build(spawn->command);
	const struct qemu_process_spawn how = {
	    .argv = argv,
	    .folder = spawn->folder,
	    .dies_with_us = spawn->child,
	    .launcher = native_of(platform)->launcher,
	    .build = spawn->child,
	    .uuid = spawn->uuid,
	    .files = spawn->files,
	    .limits = qemu_limits_of(spawn->command),
	    .fork_socket = spawn->fork_socket,
	};
	struct qemu_process *process = qemu_process_start(&how, spawn->exited, spawn->data, &error);
	started(spawn->data, process, error);
}

static struct qemu_process *adopt(struct platform *platform, const char *uuid, pid_t pid,
    uint64_t start_time, void (*exited)(void *data, const char *how), void *data, GError **error)
{
	(void)uuid;
	struct qemu_process *process = qemu_process_adopt(pid, start_time, exited, data, error);
	if (process)
		process->launcher = native_of(platform)->launcher;
	return process;
}

static void end(struct platform *platform, const char *uuid, pid_t pid, uint64_t start_time)
{
	(void)uuid;
	qemu_process_end(native_of(platform)->launcher, pid, start_time);
}

/* Whether a process is a QEMU that we started for a phone below our state folder: its arguments say
 * that it is one of ours, and its log whose. */
static bool is_our_qemu(const char *state_folder, const char *pid)
{
	g_autofree char *cmdline_path = g_build_filename("/proc", pid, "cmdline", NULL);
	g_autofree char *log_path = g_build_filename("/proc", pid, "fd", "2", NULL);
	g_autofree char *cmdline = NULL;
	gsize n;
	if (!g_file_get_contents(cmdline_path, &cmdline, &n, NULL) ||
	    !memmem(cmdline, n, "\0-name\0qvmi-", 12))
		return false;
	g_autofree char *log = g_file_read_link(log_path, NULL);
	g_autofree char *state = realpath(state_folder, NULL);
	size_t length = state ? strlen(state) : 0;
	return log && length && !strncmp(log, state, length) && log[length] == '/';
}

/* Or one in a jail, whose log is not ours to look up: by its user id, of a range that only phones
 * have; the launcher refuses to end what has another state folder. */
static bool is_our_jailed(const struct launch_reply *about, const char *pid)
{
	g_autofree char *path = g_build_filename("/proc", pid, NULL);
	struct stat status;
	return !stat(path, &status) && status.st_uid >= about->first_uid &&
	       status.st_uid - about->first_uid < about->uid_count;
}

static void sweep(struct platform *platform, platform_known_fn known, void *data)
{
	const struct native *native = native_of(platform);
	struct launch_reply about = {0};
	g_autoptr(GError) error = NULL;
	if (native->launcher && !launcher_about(native->launcher, &about, &error))
		g_warning("%s", error->message);
	GDir *dir = g_dir_open("/proc", 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		pid_t pid = g_ascii_strtoull(name, NULL, 10);
		if (pid <= 0 || known(data, NULL, pid) ||
		    (!is_our_jailed(&about, name) && !is_our_qemu(native->state_folder, name)))
			continue;
		g_message("ending QEMU (pid %d) that no phone's record names", (int)pid);
		end(platform, NULL, pid, process_start_time(pid));
	}
	if (dir)
		g_dir_close(dir);
}

/* --- */

static void describe(const struct platform *platform, JsonObject *about, JsonObject *jail)
{
	static const char *const missing[] = {"a user id of its own", "namespaces of its own",
	    "a root of its own", "limits of memory, processors, processes, input and output"};
	const struct native *native = (const struct native *)platform;
	JsonArray *without = json_array_new();
	struct launch_reply launcher;
	g_autoptr(GError) error = NULL;
	for (unsigned i = 0; !native->launcher && i < G_N_ELEMENTS(missing); i++)
		json_array_add_string_element(without, missing[i]);
	if (native->launcher && !launcher_about(native->launcher, &launcher, &error)) {
		json_array_add_string_element(without, error->message);
	} else if (native->launcher && launcher.without[0]) {
		g_autofree char *limits = g_strdup_printf("limits of %s", launcher.without);
		json_array_add_string_element(without, limits);
	}
	json_object_set_string_member(about, "name", platform->name);
	json_object_set_boolean_member(jail, "launcher", native->launcher != NULL);
	json_object_set_array_member(jail, "without", without);
}

static void native_free(struct platform *platform)
{
	g_free(platform);
}

struct platform *native_new(const char *launcher, const char *state_folder)
{
	struct native *native = g_new0(struct native, 1);
	*native = (struct native){
	    .platform = {.name = "native",
	        .in_folder = !launcher,
	        .may_fork = true,
	        .may_wait = true,
	        .start = start,
	        .adopt = adopt,
	        .end = end,
	        .sweep = sweep,
	        .describe = describe,
	        .free = native_free},
	    .launcher = launcher,
	    .state_folder = state_folder,
	};
	return &native->platform;
}
