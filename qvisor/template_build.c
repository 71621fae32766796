/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Happy path:  start -> BOOTING (agent says ready) -> SETTLING (agent's socket closed, guest idles)
 * -> SAVING (stop, migrate, quit: template_save.h) -> SEALING (thread) -> done. Every failure goes
 * through build_fail(): QEMU is killed, and build_end() runs when it is gone.
 */
#include "qvisor/template_build.h"

#include <math.h>

#include "common/error.h"
#include "qvisor/agent.h"
#include "qvisor/boot_console.h"
#include "qvisor/folder_socket.h"
#include "qvisor/platform.h"
#include "qvisor/qmp.h"
#include "qvisor/template_part.h"
#include "qvisor/template_save.h"
#include "qvisor/template_seal.h"

enum build_state {
	BUILD_BOOTING,
	BUILD_SETTLING,
	BUILD_SAVING,
	BUILD_SEALING,
	BUILD_FAILING, /* QEMU is being killed */
};

struct template_build {
	struct host *host;
	struct manifest *manifest;
	char *key;
	struct template_part part;
	struct operation *operation;
	GCancellable *cancellable; /* the operation's */
	gulong cancel_handler;
	template_built_fn done;
	void *data;
	enum build_state state;
	enum agent_stage stage;
	GCancellable *spawning; /* while the platform starts QEMU */
	struct qemu_process *process;
	struct qmp *qmp;
	struct agent *agent;
	int64_t started, ready; /* monotonic */
	guint timer, tick, end;
	struct boot_console console;
	struct template_save save;
	bool sealing;
	GError *error;
	struct template *template;
};

static gboolean build_end(void *pointer);

/* Ends the build from the main loop, so that who calls may go on using it. */
static void build_end_later(struct template_build *build)
{
	if (!build->end)
		build->end = g_idle_add(build_end, build);
}

static void build_fail(struct template_build *build, const GError *error)
{
	if (build->state == BUILD_FAILING)
		return;
	build->state = BUILD_FAILING;
	build->error = g_error_copy(error);
	g_clear_handle_id(&build->timer, g_source_remove);
	g_clear_handle_id(&build->tick, g_source_remove);
	if (build->process)
		qemu_process_kill(build->process);
	else if (!build->sealing) /* its thread uses the folder, and ends soon: it is cancelled */
		build_end_later(build);
}

static void build_fail_new(struct template_build *build, int code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static void build_fail_new(struct template_build *build, int code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autoptr(GError) error = g_error_new_valist(QVMI_ERROR, code, format, arguments);
	va_end(arguments);
	build_fail(build, error);
}

static void build_stage(struct template_build *build, double fraction, const char *stage)
{
	operation_progress(build->operation, fraction, stage);
}

/* --- seal --- */

static void on_sealed(GObject *source, GAsyncResult *result, void *data)
{
	(void)source;
	struct template_build *build = data;
	g_autoptr(GError) error = NULL;
	build->sealing = false;
	if (!template_seal_finish(result, &error)) {
		build_fail(build, error);
	} else if (build->state == BUILD_SEALING) {
		if (template_part_commit(&build->part, &error))
			build->template = template_load(build->part.final, &error);
		else
			build_fail(build, error);
	}
	build_end_later(build);
}

static void build_seal(struct template_build *build)
{
	build->state = BUILD_SEALING;
	build_stage(build, 0.95, "checksum");
	struct template *template = template_new(build->part.path);
	template->key = g_strdup(build->key);
	g_autoptr(JsonNode) copy = manifest_json(build->manifest);
	template->manifest = manifest_parse(json_node_get_object(copy), "/", NULL);
	template->qemu_version = g_strdup(build->host->qemu_version);
	template->accelerator =
	    g_strdup(host_emulator(build->host, build->manifest->architecture).accelerator);
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	template->created = g_date_time_format_iso8601(now);
	template->cold_boot_s = (build->ready - build->started) / 1e6;
	if (!template->manifest) { /* a file of the image went away under us */
		template_free(template);
		build_fail_new(
		    build, QVMI_ERROR_NOT_FOUND, "the image's files changed while it booted");
		return;
	}
	build->sealing = true;
	template_seal(template, build->cancellable, on_sealed, build);
}

/* --- save --- */

static void on_save_failed(void *data, const GError *error)
{
	build_fail(data, error);
}

static gboolean build_save(void *pointer)
{
	struct template_build *build = pointer;
	build->timer = 0;
	build->state = BUILD_SAVING;
	build_stage(build, 0.9, "save");
	template_save_start(&build->save, build->qmp, build->part.path, on_save_failed, build);
	return G_SOURCE_REMOVE;
}

static void on_event(void *data, const char *name, JsonObject *payload)
{
	struct template_build *build = data;
	template_save_event(&build->save, name, payload);
}

static void on_qmp_closed(void *data, const GError *error)
{
	(void)error; /* the process ends, or has ended: that is what tells */
	(void)data;
}

static const struct qmp_events qmp_events = {on_event, on_qmp_closed};

/* --- boot --- */

static gboolean on_tick(void *pointer)
{
	struct template_build *build = pointer;
	double seconds = (g_get_monotonic_time() - build->started) / 1e6;
	boot_console_read(&build->console, build->qmp);
	if (build->state == BUILD_BOOTING)
		/* Nobody knows how long it takes: ever slower towards 0.85, half of it at a fifth
		 * of the limit. */
		build_stage(build,
		    0.85 * (1 - exp2(-5 * seconds / build->manifest->ready_timeout_s)),
		    build->stage <= AGENT_BOOTING   ? "boot"
		    : build->stage < AGENT_SETTLING ? "session"
		                                    : "settle");
	return G_SOURCE_CONTINUE;
}

/* What the guest said, once the build has failed. Caller frees. */
static char *build_log_path(const struct template_build *build)
{
	return g_strdup_printf(
	    "%s/%s-console.log", build->host->template_folder, build->manifest->name);
}

static gboolean on_never_ready(void *pointer)
{
	struct template_build *build = pointer;
	build->timer = 0;
	g_autofree char *log = build_log_path(build);
	build_fail_new(build, QVMI_ERROR_TIMEOUT,
	    "the image \"%s\" did not get ready within %u s: it hung in the stage \"%s\"%s. What "
	    "it said is in %s",
	    build->manifest->name, build->manifest->ready_timeout_s,
	    build->stage == AGENT_UNKNOWN ? "boot" : agent_stage_name(build->stage),
	    build->stage == AGENT_UNKNOWN ? " and its agent never spoke" : "", log);
	return G_SOURCE_REMOVE;
}

static void on_hello(void *data)
{
	(void)data;
}

static void on_stage(void *data, enum agent_stage stage)
{
	struct template_build *build = data;
	if (build->state != BUILD_BOOTING)
		return;
	build->stage = stage;
	if (stage != AGENT_READY)
		return;
	build->ready = g_get_monotonic_time();
	build->state = BUILD_SETTLING;
	build_stage(build, 0.87, "settle");
	/* Saved with the port closed, so that each clone's guest sees it open and says hello. */
	agent_free(g_steal_pointer(&build->agent));
	g_clear_handle_id(&build->timer, g_source_remove);
	build->timer = g_timeout_add(build->manifest->settle_s * 1000, build_save, build);
}

static void on_agent_closed(void *data, const GError *error)
{
	struct template_build *build = data;
	agent_free(g_steal_pointer(&build->agent));
	if (build->state == BUILD_BOOTING)
		g_message("template \"%s\": %s", build->manifest->name, error->message);
}

static const struct agent_events agent_events = {on_hello, on_stage, on_agent_closed};

static void on_exited(void *data, const char *how)
{
	struct template_build *build = data;
	g_clear_pointer(&build->process, qemu_process_free);
	bool saved = template_save_end(&build->save);
	if (build->state == BUILD_SAVING && saved) {
		template_part_sweep(&build->part);
		build_seal(build);
		return;
	}
	if (build->state != BUILD_FAILING) {
		g_autofree char *words = qemu_process_last_words(build->part.path);
		build_fail_new(build, QVMI_ERROR_FAILED,
		    "the image \"%s\" ended while it %s: QEMU %s%s%s", build->manifest->name,
		    build->state == BUILD_SAVING ? "was saved" : "booted", how, *words ? ": " : "",
		    words);
	}
	build_end_later(build);
}

static bool build_connect(struct template_build *build, GError **error)
{
	int qmp = folder_socket_connect(build->part.path, "qmp.sock", error);
	if (qmp < 0)
		return false;
	build->qmp = qmp_new(qmp, &qmp_events, build);
	int agent = folder_socket_connect(build->part.path, "agent.sock", error);
	if (agent < 0)
		return false;
	build->agent = agent_new(agent, &agent_events, build);
	build->started = g_get_monotonic_time();
	qmp_execute(build->qmp, "cont", NULL, -1, 30000, NULL, NULL);
	build->timer =
	    g_timeout_add_seconds(build->manifest->ready_timeout_s, on_never_ready, build);
	build->tick = g_timeout_add(500, on_tick, build);
	return true;
}

static void on_spawned(void *data, struct qemu_process *process, const GError *cause)
{
	struct template_build *build = data;
	g_autoptr(GError) error = NULL;
	g_clear_object(&build->spawning);
	build->process = process;
	if (!process)
		build_fail(build, cause);
	else if (build->state != BUILD_FAILING && !build_connect(build, &error))
		build_fail(build, error);
}

static bool build_boot(struct template_build *build, GError **error)
{
	const struct manifest *manifest = build->manifest;
	struct host *host = build->host;
	const struct template_part *part = &build->part;
	g_autofree char *memory = NULL, *disk = NULL;
	if (!template_part_claim(&build->part, error) ||
	    !template_part_check_room(part, manifest->memory_mib + host->disk_reserve_mib, error) ||
	    !template_part_make_memory(part, &memory, error) ||
	    !template_part_make_disk(part, manifest, &disk, error))
		return false;
	g_autofree char *uuid = g_uuid_string_random();
	const struct qemu_command command = {
	    .boot = QEMU_BOOT_TEMPLATE,
	    .manifest = manifest,
	    .emulator = host_emulator(host, manifest->architecture),
	    .tb_size_mib = 0, /* QEMU's own: a boot translates more than a clone */
	    .uuid = "00000000-0000-0000-0000-000000000000",
	    .memory = memory,
	    .disk = disk,
	};
	/* What it reads, where it may not see all. */
	const char *files[4] = {manifest->kernel};
	unsigned n = 1;
	if (manifest->initrd)
		files[n++] = manifest->initrd;
	if (manifest->disk)
		files[n++] = manifest->disk;
	build->spawning = g_cancellable_new();
	const struct platform_spawn spawn = {.command = &command,
	    .folder = part->path,
	    .uuid = uuid,
	    .child = true,
	    .files = files,
	    .cancellable = build->spawning,
	    .exited = on_exited,
	    .data = build};
	build_stage(build, 0, "boot");
	host->platform->start(host->platform, &spawn, on_spawned);
	return true;
}

static void on_cancelled(GCancellable *cancellable, void *pointer)
{
	(void)cancellable;
	build_fail_new(pointer, QVMI_ERROR_CANCELLED, "building the template was cancelled");
}

struct template_build *template_build_new(struct host *host, struct manifest *manifest,
    const char *key, struct operation *operation, template_built_fn done, void *data)
{
	struct template_build *build = g_new0(struct template_build, 1);
	build->host = host;
	build->manifest = manifest;
	build->key = g_strdup(key);
	template_part_init(&build->part, host->template_folder, manifest->name, key);
	build->operation = operation;
	build->cancellable = g_object_ref(operation_cancellable(operation));
	build->done = done;
	build->data = data;
	boot_console_init(&build->console);
	g_autoptr(GError) error = NULL;
	if (!build_boot(build, &error))
		build_fail(build, error);
	build->cancel_handler =
	    g_signal_connect(build->cancellable, "cancelled", G_CALLBACK(on_cancelled), build);
	return build;
}

static gboolean build_end(void *pointer)
{
	struct template_build *build = pointer;
	build->end = 0;
	if (build->state == BUILD_FAILING) {
		g_autofree char *log = build_log_path(build);
		boot_console_store(&build->console, log);
	}
	template_built_fn done = build->done;
	void *data = build->data;
	struct template *template = g_steal_pointer(&build->template);
	g_autoptr(GError) error = g_steal_pointer(&build->error);
	if (!template && !error)
		error = g_error_new_literal(
		    QVMI_ERROR, QVMI_ERROR_CORRUPT, "the new template cannot be read");
	template_build_free(build);
	done(data, template, template ? NULL : error);
	return G_SOURCE_REMOVE;
}

void template_build_free(struct template_build *build)
{
	if (!build)
		return;
	g_clear_handle_id(&build->timer, g_source_remove);
	g_clear_handle_id(&build->tick, g_source_remove);
	g_clear_handle_id(&build->end, g_source_remove);
	g_clear_signal_handler(&build->cancel_handler, build->cancellable);
	build->state = BUILD_FAILING;
	if (build->spawning)
		g_cancellable_cancel(build->spawning);
	g_clear_object(&build->spawning);
	g_clear_pointer(&build->agent, agent_free);
	template_save_end(&build->save);
	g_clear_pointer(&build->qmp, qmp_free);
	if (build->process)
		qemu_process_kill(build->process);
	g_clear_pointer(&build->process, qemu_process_free);
	template_part_finish(&build->part);
	boot_console_finish(&build->console);
	g_clear_error(&build->error);
	g_clear_pointer(&build->template, template_free);
	g_object_unref(build->cancellable);
	manifest_free(build->manifest);
	g_free(build->key);
	g_free(build);
}
