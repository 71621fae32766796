/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/boot.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/error.h"
#include "qvisor/agent.h"
#include "qvisor/folder.h"
#include "qvisor/folder_socket.h"
#include "qvisor/overlay.h"
#include "qvisor/probe/boot_jail.h"
#include "qvisor/probe/trace_log.h"
#include "qvisor/qemu_command.h"
#include "qvisor/qemu_process.h"
#include "qvisor/qmp.h"

#define LOG_MAX (8u << 20) /* a guest that writes more is stopped */
#define CONSOLE_MAX (2u << 20)
#define TICK_MS 100
#define QUERIES_MS 10000

struct boot {
	GMainLoop *loop;
	char *folder;
	struct qemu_process *process;
	struct qmp *qmp;
	struct agent *agent;
	GString *console;
	bool console_asked, agent_gone;
	enum agent_stage stage;
	const char *end; /* why it is over; NULL: it runs */
	guint tick, timer;
	GPtrArray *devices; /* paths of virtio devices that are still to be asked for */
	JsonArray *bound;
};

static void finish(struct boot *boot)
{
	g_main_loop_quit(boot->loop);
}

/* --- which devices have a driver: QEMU knows what the guest has set --- */

static void ask_next(struct boot *boot);

static void on_status(void *data, JsonNode *result, const GError *error)
{
	struct boot *boot = data;
	if (error && g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return;
	JsonObject *status =
	    result && JSON_NODE_HOLDS_OBJECT(result) ? json_node_get_object(result) : NULL;
	JsonObject *item = json_object_new();
	json_object_set_string_member(item, "device",
	    status ? json_object_get_string_member_with_default(status, "name", "?") : "?");
	g_autofree char *text = result ? json_to_string(result, FALSE) : g_strdup("");
	json_object_set_string_member(item, "state",
	    strstr(text, "DRIVER_OK")                ? "a driver has started it"
	    : strstr(text, "VIRTIO_CONFIG_S_DRIVER") ? "a driver has found it and not started it"
	                                             : "no driver has touched it");
	json_array_add_object_element(boot->bound, item);
	ask_next(boot);
}

static void ask_next(struct boot *boot)
{
	if (!boot->devices->len) {
		finish(boot);
		return;
	}
	g_autofree char *path = g_ptr_array_steal_index(boot->devices, 0);
	qmp_execute(boot->qmp, "x-query-virtio-status", qmp_one_member("path", path), -1,
	    QMP_DEADLINE_MS, on_status, boot);
}

static void on_devices(void *data, JsonNode *result, const GError *error)
{
	struct boot *boot = data;
	if (error && g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return;
	JsonArray *list =
	    result && JSON_NODE_HOLDS_ARRAY(result) ? json_node_get_array(result) : NULL;
	for (unsigned i = 0; list && i < MIN(json_array_get_length(list), 32); i++) {
		JsonObject *device = json_array_get_object_element(list, i);
		g_ptr_array_add(boot->devices,
		    g_strdup(json_object_get_string_member_with_default(device, "path", "")));
	}
	ask_next(boot);
}

static gboolean on_queries_late(void *pointer)
{
	struct boot *boot = pointer;
	boot->timer = 0;
	finish(boot);
	return G_SOURCE_REMOVE;
}

/* The boot is over; what is still to be asked is asked. */
static void boot_end(struct boot *boot, const char *why)
{
	if (boot->end)
		return;
	boot->end = why;
	g_clear_handle_id(&boot->timer, g_source_remove);
	if (!boot->process || !boot->qmp) {
		finish(boot);
		return;
	}
	boot->timer = g_timeout_add(QUERIES_MS, on_queries_late, boot);
	qmp_execute(boot->qmp, "x-query-virtio", NULL, -1, QMP_DEADLINE_MS, on_devices, boot);
}

/* --- while it runs --- */

static void on_console(void *data, JsonNode *result, const GError *error)
{
	struct boot *boot = data;
	if (error && g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return;
	boot->console_asked = false;
	if (!result || json_node_get_value_type(result) != G_TYPE_STRING)
		return;
	gsize n;
	g_autofree guchar *bytes = g_base64_decode(json_node_get_string(result), &n);
	if (boot->console->len + n <= CONSOLE_MAX)
		g_string_append_len(boot->console, (const char *)bytes, (gssize)n);
}

static gboolean on_tick(void *pointer)
{
	struct boot *boot = pointer;
	struct stat status;
	g_autofree char *log = g_build_filename(boot->folder, "qemu.log", NULL);
	if (!stat(log, &status) && status.st_size > LOG_MAX && boot->process) {
		qemu_process_kill(boot->process);
		boot_end(boot, "stopped: it makes too many accesses that go nowhere");
	}
	if (boot->console_asked || !boot->qmp)
		return G_SOURCE_CONTINUE;
	boot->console_asked = true;
	JsonObject *arguments = qmp_one_member("device", "console");
	json_object_set_int_member(arguments, "size", 65536);
	json_object_set_string_member(arguments, "format", "base64");
	qmp_execute(boot->qmp, "ringbuf-read", arguments, -1, QMP_DEADLINE_MS, on_console, boot);
	return G_SOURCE_CONTINUE;
}

static gboolean on_late(void *pointer)
{
	struct boot *boot = pointer;
	boot->timer = 0;
	boot_end(boot, "ran until the time was over; its agent was not ready");
	return G_SOURCE_REMOVE;
}

static void on_hello(void *data)
{
	(void)data;
}

static void on_stage(void *data, enum agent_stage stage)
{
	if (stage == AGENT_READY)
		boot_end(data, "ready");
}

static void on_agent_closed(void *data, const GError *error)
{
	struct boot *boot = data;
	(void)error;
	g_clear_pointer(&boot->agent, agent_free);
}

static void on_event(void *data, const char *name, JsonObject *payload)
{
	(void)payload;
	if (!strcmp(name, "GUEST_PANICKED"))
		boot_end(data, "the guest's kernel panicked");
}

static void on_qmp_closed(void *data, const GError *error)
{
	(void)data, (void)error;
}

static void on_exited(void *data, const char *how)
{
	struct boot *boot = data;
	(void)how;
	g_clear_pointer(&boot->process, qemu_process_free);
	if (!boot->end)
		boot->end = "the guest ended by itself";
	finish(boot);
}

static const struct agent_events agent_events = {on_hello, on_stage, on_agent_closed};
static const struct qmp_events qmp_events = {on_event, on_qmp_closed};

/* --- start and result --- */

/* The manifest's machine, whose kernel says what it binds, with QEMU's log on. */
static char **command_line(
    const struct boot *boot, const struct manifest *manifest, const char *disk)
{
	bool arm = manifest->architecture == MANIFEST_AARCH64;
	struct manifest chatty = *manifest;
	g_autofree char *cmdline =
	    g_strdup_printf("%.1800s ignore_loglevel dyndbg=\"file drivers/base/dd.c +p\" panic=1",
	        manifest->cmdline);
	chatty.cmdline = cmdline;
	(void)boot;
	const struct qemu_command command = {.boot = QEMU_BOOT_COLD,
	    .manifest = &chatty,
	    .emulator = {arm ? "qemu-system-aarch64" : "qemu-system-x86_64", "tcg",
	        arm ? "cortex-a76" : "max"},
	    .uuid = "00000000-0000-0000-0000-000000000000",
	    .disk = disk};
	g_auto(GStrv) line = qemu_command_build(&command);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	g_strv_builder_addv(builder, (const char **)line);
	g_strv_builder_add(builder, "-d");
	g_strv_builder_add(builder, "guest_errors,unimp,invalid_mem");
	return g_strv_builder_end(builder);
}

static bool boot_start(struct boot *boot, const struct manifest *manifest, GError **error)
{
	g_autofree char *disk = NULL;
	const char *format;
	if (manifest->disk) {
		disk = g_build_filename(boot->folder, "disk.qcow2", NULL);
		uint64_t size = overlay_virtual_size(manifest->disk, &format, error);
		if (!size || !overlay_create(disk, manifest->disk, format, size, error))
			return false;
	}
	g_auto(GStrv) line = command_line(boot, manifest, disk);
	const struct qemu_process_spawn spawn = {
	    .argv = line, .folder = boot->folder, .dies_with_us = true};
	boot->process = qemu_process_start(&spawn, on_exited, boot, error);
	int qmp = boot->process ? folder_socket_connect(boot->folder, "qmp.sock", error) : -1;
	if (qmp < 0)
		return false;
	boot->qmp = qmp_new(qmp, &qmp_events, boot);
	int agent = folder_socket_connect(boot->folder, "agent.sock", error);
	if (agent < 0)
		return false;
	boot->agent = agent_new(agent, &agent_events, boot);
	qmp_execute(boot->qmp, "cont", NULL, -1, 30000, NULL, NULL);
	return true;
}

static void add_bound_lines(struct boot *boot)
{
	char device[64], driver[64];
	g_auto(GStrv) lines = g_strsplit(boot->console->str, "\n", 0);
	for (unsigned i = 0; lines[i]; i++) {
		if (!trace_log_bound(lines[i], device, driver))
			continue;
		JsonObject *item = json_object_new();
		g_autofree char *name = g_utf8_make_valid(device, -1);
		g_autofree char *by = g_utf8_make_valid(driver, -1);
		json_object_set_string_member(item, "device", name);
		json_object_set_string_member(item, "state", "bound, says the guest");
		json_object_set_string_member(item, "driver", by);
		if (json_array_get_length(boot->bound) < 512)
			json_array_add_object_element(boot->bound, item);
		else
			json_object_unref(item);
	}
}

static void report_boot(struct boot *boot, JsonObject *report)
{
	struct trace_log log = {.count = 0};
	char line[512];
	g_autofree char *path = g_build_filename(boot->folder, "qemu.log", NULL);
	FILE *file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		trace_log_line(&log, line);
	if (file)
		fclose(file);
	JsonNode *nodes = json_object_get_member(report, "nodes");
	add_bound_lines(boot);
	json_object_set_string_member(report, "boot", boot->end ? boot->end : "did not start");
	json_object_set_array_member(report, "bound", json_array_ref(boot->bound));
	json_object_set_array_member(report, "nowhere",
	    trace_log_json(
	        &log, nodes && JSON_NODE_HOLDS_ARRAY(nodes) ? json_node_get_array(nodes) : NULL));
}

static void boot_finish(struct boot *boot)
{
	g_clear_handle_id(&boot->tick, g_source_remove);
	g_clear_handle_id(&boot->timer, g_source_remove);
	g_clear_pointer(&boot->agent, agent_free);
	g_clear_pointer(&boot->qmp, qmp_free);
	if (boot->process)
		qemu_process_kill(boot->process);
	g_clear_pointer(&boot->process, qemu_process_free);
	folder_delete(boot->folder, NULL);
	g_free(boot->folder);
	g_string_free(boot->console, TRUE);
	g_ptr_array_unref(boot->devices);
	json_array_unref(boot->bound);
	g_main_loop_unref(boot->loop);
}

bool boot_trace(
    const struct manifest *manifest, unsigned seconds, JsonObject *report, GError **error)
{
	struct boot boot = {.folder = g_dir_make_tmp("qvmi-probe-XXXXXX", error)};
	if (!boot.folder)
		return false;
	boot.loop = g_main_loop_new(NULL, FALSE);
	boot.console = g_string_new(NULL);
	boot.devices = g_ptr_array_new_with_free_func(g_free);
	boot.bound = json_array_new();
	g_autofree char *missing = boot_jail_enter(manifest, boot.folder);
	if (missing)
		json_object_set_string_member(report, "boot_jail_lacks", missing);
	bool good = boot_start(&boot, manifest, error);
	if (good) {
		boot.tick = g_timeout_add(TICK_MS, on_tick, &boot);
		boot.timer = g_timeout_add_seconds(seconds, on_late, &boot);
		g_main_loop_run(boot.loop);
		report_boot(&boot, report);
	}
	boot_finish(&boot);
	return good;
}
