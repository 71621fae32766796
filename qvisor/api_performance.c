/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What host and phones use: now, with what only the page tables know (smaps.h), which takes
 * milliseconds a phone, so a thread reads them; or since when, from the rings. */
#include <stdlib.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "common/json_writer.h"
#include "qvisor/api.h"
#include "qvisor/folder.h"
#include "qvisor/performance.h"
#include "qvisor/phone_table.h"
#include "qvisor/smaps.h"
#include "qvisor/translation.h"

struct memory {
	pid_t pid;
	char *uuid, *name;
	struct smaps smaps;
	bool read, forgotten;
};

struct question {
	struct http_request *request;
	struct host *host;
	bool one; /* a phone's, not the host's; its working set begins anew */
	unsigned n;
	struct memory *memories;
	struct translation translation; /* of one phone */
	bool translated;
};

static struct question *question_new(struct http_request *request, struct host *host, unsigned room)
{
	struct question *question = g_new0(struct question, 1);
	http_request_hold(request);
	question->request = request;
	question->host = host;
	question->memories = g_new0(struct memory, room);
	return question;
}

static void question_add(struct question *question, const struct phone *phone)
{
	question->memories[question->n++] = (struct memory){.pid = phone->process->pid,
	    .uuid = g_strdup(phone->uuid),
	    .name = g_strdup(phone->name)};
}

static void question_free(void *pointer)
{
	struct question *question = pointer;
	for (unsigned i = 0; i < question->n; i++) {
		g_free(question->memories[i].uuid);
		g_free(question->memories[i].name);
	}
	g_free(question->memories);
	g_free(question);
}

static void question_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
	(void)source, (void)cancellable;
	struct question *question = data;
	g_autoptr(GError) error = NULL;
	for (unsigned i = 0; i < question->n; i++) {
		struct memory *memory = &question->memories[i];
		g_clear_error(&error);
		memory->read = smaps_read(memory->pid, &memory->smaps, &error);
		memory->forgotten = question->one && memory->read && smaps_forget(memory->pid);
	}
	if (error && question->one)
		g_task_return_error(task, g_steal_pointer(&error));
	else /* of all phones one may have ended meanwhile: it uses nothing */
		g_task_return_boolean(task, TRUE);
}

static void question_ask(struct question *question, GAsyncReadyCallback done)
{
	g_autoptr(GTask) task = g_task_new(NULL, NULL, done, NULL);
	g_task_set_task_data(task, question, question_free);
	g_task_run_in_thread(task, question_thread);
}

/* --- what was --- */

/* Whether it asked for samples and has been answered. */
static bool answer_since(struct http_request *request, const struct performance_ring *ring,
    const struct performance_names *names)
{
	const char *since = http_request_query(request, "since");
	g_autoptr(GError) error = NULL;
	guint64 time_s = 0;
	if (!since)
		return false;
	if (!g_ascii_string_to_unsigned(since, 10, 0, UINT32_MAX, &time_s, NULL)) {
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "since is \"%s\"; it is a time in seconds since 1970, or 0 for all there is",
		    since);
		http_respond_error(request, error);
		return true;
	}
	GString *text = g_string_sized_new(65536);
	json_write_open(text, NULL, '{');
	json_write_int(text, "now_s", g_get_real_time() / G_USEC_PER_SEC);
	performance_write_samples(ring, (uint32_t)time_s, names, text);
	json_write_close(text, '}');
	http_respond_json_text(request, 200, text);
	return true;
}

/* --- now --- */

static double megabytes(uint64_t kib)
{
	return (double)kib * 1024 / 1e6;
}

static void write_smaps(const struct smaps *smaps, GString *text)
{
	json_write_number(text, "pss_mb", megabytes(smaps->pss_kib), 1);
	json_write_number(text, "private_mb", megabytes(smaps->private_kib), 1);
	json_write_number(text, "shared_mb", megabytes(smaps->rss_kib - smaps->private_kib), 1);
	json_write_number(text, "rss_mb", megabytes(smaps->rss_kib), 1);
}

static void write_host(const struct host *host, GString *text)
{
	double load[1] = {0};
	performance_write_rates(performance_host_ring(host->performance), text);
	if (getloadavg(load, 1) == 1)
		json_write_number(text, "load1", load[0], 2);
	json_write_int(
	    text, "memory_mib", (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) >> 20);
	json_write_int(text, "memory_free_mib", (int64_t)host_memory_available_mib());
	json_write_int(text, "disk_free_mib", (int64_t)folder_free_mib(host->state_folder));
}

static void write_phones(const struct question *question, GString *text)
{
	struct smaps sum = {0};
	json_write_open(text, "phones", '{');
	json_write_open(text, "each", '[');
	for (unsigned i = 0; i < question->n; i++) {
		const struct memory *memory = &question->memories[i];
		if (!memory->read)
			continue;
		json_write_open(text, NULL, '{');
		json_write_string(text, "uuid", memory->uuid);
		json_write_string(text, "name", memory->name);
		write_smaps(&memory->smaps, text);
		json_write_close(text, '}');
		sum.rss_kib += memory->smaps.rss_kib;
		sum.pss_kib += memory->smaps.pss_kib;
		sum.private_kib += memory->smaps.private_kib;
	}
	json_write_close(text, ']');
	json_write_int(text, "running", question->n);
	write_smaps(&sum, text);
	json_write_close(text, '}');
}

static void on_host_read(GObject *source, GAsyncResult *result, void *data)
{
	(void)source, (void)data;
	const struct question *question = g_task_get_task_data(G_TASK(result));
	GString *text = g_string_sized_new(1024 + (size_t)192 * question->n);
	json_write_open(text, NULL, '{');
	write_host(question->host, text);
	write_phones(question, text);
	json_write_close(text, '}');
	http_respond_json_text(question->request, 200, text);
}

void api_host_performance(struct http_request *request, void *data)
{
	struct host *host = data;
	if (answer_since(request, performance_host_ring(host->performance), &performance_of_host))
		return;
	g_autoptr(GPtrArray) phones = phone_table_list(host->phones);
	struct question *question = question_new(request, host, phones->len);
	for (unsigned i = 0; i < phones->len; i++) {
		const struct phone *phone = g_ptr_array_index(phones, i);
		if (phone->process)
			question_add(question, phone);
	}
	question_ask(question, on_host_read);
}

/* --- a phone --- */

/* Only where there is a moment from which on it was watched. */
static void write_working_set(struct phone *phone, const struct memory *memory, GString *text)
{
	struct performance_meter *meter = phone->meter;
	int64_t now = g_get_monotonic_time();
	if (!meter || meter->pid != memory->pid)
		return;
	if (meter->forgotten_us) {
		json_write_number(
		    text, "working_set_mb", megabytes(memory->smaps.referenced_kib), 1);
		json_write_number(
		    text, "working_set_s", (double)(now - meter->forgotten_us) / G_USEC_PER_SEC, 1);
	}
	meter->forgotten_us = memory->forgotten ? now : 0;
}

static void write_translation(const struct translation *translation, GString *text)
{
	json_write_open(text, "translation", '{');
	json_write_number(text, "code_mb", (double)translation->code_bytes / 1e6, 1);
	json_write_number(text, "room_mb", (double)translation->room_bytes / 1e6, 1);
	json_write_int(text, "blocks", (int64_t)translation->blocks);
	json_write_int(text, "flushes", (int64_t)translation->flushes);
	json_write_close(text, '}');
}

/* Its own word. */
static void write_guest(const struct performance_guest *guest, GString *text)
{
	const struct performance_guest_figures *figures = &guest->last;
	int64_t age_us = g_get_monotonic_time() - guest->told_us;
	json_write_open(text, "guest", '{');
	json_write_number(text, "age_s", (double)age_us / G_USEC_PER_SEC, 1);
	json_write_number(text, "load1", figures->load1, 2);
	json_write_int(text, "uptime_s", (int64_t)figures->uptime_s);
	json_write_number(text, "memory_mb", megabytes(figures->memory_kib), 1);
	json_write_number(text, "memory_available_mb", megabytes(figures->memory_available_kib), 1);
	json_write_number(text, "disk_mb", (double)figures->disk_bytes / 1e6, 1);
	json_write_number(text, "disk_used_mb", (double)figures->disk_used_bytes / 1e6, 1);
	json_write_int(text, "received_bytes", (int64_t)figures->received_bytes);
	json_write_int(text, "sent_bytes", (int64_t)figures->sent_bytes);
	json_write_close(text, '}');
}

static void on_phone_read(GObject *source, GAsyncResult *result, void *data)
{
	(void)source, (void)data;
	const struct question *question = g_task_get_task_data(G_TASK(result));
	const struct memory *memory = question->memories;
	g_autoptr(GError) error = NULL;
	struct phone *phone = phone_table_find(question->host->phones, memory->uuid, &error);
	if (!phone || !g_task_propagate_boolean(G_TASK(result), &error)) {
		http_respond_error(question->request, error);
		return;
	}
	GString *text = g_string_sized_new(512);
	json_write_open(text, NULL, '{');
	performance_write_rates(phone->meter ? phone->meter->ring : NULL, text);
	write_smaps(&memory->smaps, text);
	write_working_set(phone, memory, text);
	if (question->translated)
		write_translation(&question->translation, text);
	if (phone->meter && phone->meter->guest.told_us)
		write_guest(&phone->meter->guest, text);
	if (phone->process)
		json_write_number(text, "uptime_s", qemu_process_uptime(phone->process), 1);
	json_write_close(text, '}');
	http_respond_json_text(question->request, 200, text);
}

/* --- a phone: what its QEMU says of its translation, then its page tables --- */

static void on_translation(void *data, JsonNode *result, const GError *error)
{
	struct question *question = data;
	if (g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED)) {
		http_respond_error(question->request, error);
		question_free(question);
		return;
	}
	/* KVM translates nothing: an error, and no figures. */
	JsonObject *object =
	    result && JSON_NODE_HOLDS_OBJECT(result) ? json_node_get_object(result) : NULL;
	const char *text =
	    object ? json_get_optional_string(object, "human-readable-text", 65536, NULL) : NULL;
	question->translated = text && translation_parse(text, &question->translation);
	question_ask(question, on_phone_read);
}

void api_phone_performance(struct http_request *request, void *data)
{
	const struct phone *phone = api_find_phone(request, data);
	if (!phone || !api_check_running(request, phone) ||
	    answer_since(request, phone->meter ? phone->meter->ring : NULL, &performance_of_phone))
		return;
	struct question *question = question_new(request, data, 1);
	question->one = true;
	question_add(question, phone);
	if (phone->qmp)
		qmp_execute(
		    phone->qmp, "x-query-jit", NULL, -1, QMP_DEADLINE_MS, on_translation, question);
	else
		question_ask(question, on_phone_read);
}
