/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a restarted daemon makes of the folders and processes that it finds; and the life cycle's
 * table. */
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/process.h"
#include "qvisor/folder.h"
#include "qvisor/native.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_table.h"
#include "qvisor/template_store.h"

#define UUID_A "aaaaaaaa-0000-4000-8000-000000000001"
#define UUID_B "bbbbbbbb-0000-4000-8000-000000000002"

struct fixture {
	struct host host;
	char *state, *templates;
	pid_t child;
};

static void set_up(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	fixture->state = g_dir_make_tmp("qvmi-phones-XXXXXX", NULL);
	fixture->templates = g_dir_make_tmp("qvmi-templates-XXXXXX", NULL);
	fixture->host = (struct host){
	    .id = "host-1", .state_folder = fixture->state, .template_folder = fixture->templates};
	fixture->host.platform = native_new(NULL, fixture->state);
	fixture->host.templates = template_store_open(&fixture->host, &error);
	g_assert_no_error(error);
}

static void delete_below(const char *folder)
{
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		folder_delete(path, NULL);
	}
	g_clear_pointer(&dir, g_dir_close);
	g_assert_true(folder_delete(folder, NULL));
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	phone_table_free(fixture->host.phones);
	template_store_free(fixture->host.templates);
	fixture->host.platform->free(fixture->host.platform);
	if (fixture->child) {
		kill(fixture->child, SIGKILL);
		waitpid(fixture->child, NULL, 0);
	}
	delete_below(fixture->state);
	delete_below(fixture->templates);
	g_free(fixture->state);
	g_free(fixture->templates);
}

/* A process that stands for a phone's QEMU. */
static void child(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	const struct process_spawn spawn = {.argv = (const char *[]){"sleep", "60", NULL},
	    .stdin_fd = -1,
	    .stdout_fd = -1,
	    .stderr_fd = -1};
	fixture->child = process_spawn(&spawn, &error);
	g_assert_no_error(error);
}

static void record_text(struct fixture *fixture, const char *uuid, const char *text)
{
	g_autofree char *folder = g_build_filename(fixture->state, uuid, NULL);
	g_autofree char *path = g_build_filename(folder, "phone.json", NULL);
	g_mkdir(folder, 0700);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void record(struct fixture *fixture, const char *uuid, const char *state, bool established,
    pid_t pid, uint64_t start_time)
{
	g_autofree char *process =
	    pid ? g_strdup_printf(
	              ",\"pid\":%d,\"start_time\":%" G_GUINT64_FORMAT, (int)pid, start_time)
	        : g_strdup("");
	g_autofree char *text = g_strdup_printf(
	    "{\"format\":1,\"uuid\":\"%s\",\"name\":\"p\",\"mac\":\"02:00:00:00:00:01\","
	    "\"created\":"
	    "\"2026-01-01T00:00:00Z\",\"template\":\"tiny\",\"template_folder\":\"tiny-1\","
	    "\"state\":\"%s\","
	    "\"established\":%s,\"idempotency_key\":\"k\",\"request_digest\":\"d\"%s}",
	    uuid, state, established ? "true" : "false", process);
	record_text(fixture, uuid, text);
}

static struct phone *open_table(struct fixture *fixture, const char *uuid)
{
	g_autoptr(GError) error = NULL;
	fixture->host.phones = phone_table_open(&fixture->host, &error);
	g_assert_no_error(error);
	return phone_table_find(fixture->host.phones, uuid, NULL);
}

static unsigned quarantined(struct fixture *fixture)
{
	g_autoptr(JsonArray) list = phone_table_quarantine(fixture->host.phones);
	return json_array_get_length(list);
}

static void test_adopts(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	child(fixture);
	record(
	    fixture, UUID_A, "running", true, fixture->child, process_start_time(fixture->child));
	struct phone *phone = open_table(fixture, UUID_A);
	g_assert_nonnull(phone);
	g_assert_cmpint(phone->state, ==, PHONE_RUNNING);
	g_assert_cmpint(phone->process->pid, ==, fixture->child);
	g_assert_true(phone_table_find_key(fixture->host.phones, "k") == phone);
	g_assert_cmpuint(phone_table_running(fixture->host.phones), ==, 1);
	/* Its death is noticed though it is not ours to wait for. */
	kill(fixture->child, SIGKILL);
	while (phone->state == PHONE_RUNNING)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpint(phone->state, ==, PHONE_FAILED);
	g_assert_nonnull(strstr(phone->reason, "Start the phone again"));
}

/* The same pid, but another process: pids come again. */
static void test_pid_reused(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	child(fixture);
	record(fixture, UUID_A, "running", true, fixture->child,
	    process_start_time(fixture->child) + 1);
	struct phone *phone = open_table(fixture, UUID_A);
	g_assert_cmpint(phone->state, ==, PHONE_OFF);
	g_assert_nonnull(phone->reason);
	g_assert_true(process_start_time(fixture->child) != 0); /* and left alone */
}

static void test_process_gone(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	record(fixture, UUID_A, "running", true, 0, 0);
	record(fixture, UUID_B, "failed", true, 0, 0);
	g_assert_cmpint(open_table(fixture, UUID_A)->state, ==, PHONE_OFF);
	g_assert_cmpint(
	    phone_table_find(fixture->host.phones, UUID_B, NULL)->state, ==, PHONE_FAILED);
}

/* A creation that nobody was answered: process and folder go. */
static void test_unfinished(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	child(fixture);
	record(
	    fixture, UUID_A, "creating", false, fixture->child, process_start_time(fixture->child));
	g_assert_null(open_table(fixture, UUID_A));
	g_assert_cmpuint(process_start_time(fixture->child), ==, 0);
	g_autofree char *folder = g_build_filename(fixture->state, UUID_A, NULL);
	g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
	fixture->child = 0;
}

/* But one that has run before has a user's data: it stays. */
static void test_unfinished_restart(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	child(fixture);
	record(
	    fixture, UUID_A, "creating", true, fixture->child, process_start_time(fixture->child));
	struct phone *phone = open_table(fixture, UUID_A);
	g_assert_cmpint(phone->state, ==, PHONE_OFF);
	g_assert_cmpuint(process_start_time(fixture->child), ==, 0);
	fixture->child = 0;
}

/* Killed between making the folder and writing the record: nothing of anybody's is in it. */
static void test_never_begun(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autofree char *folder = g_build_filename(fixture->state, UUID_A, NULL);
	g_autofree char *record = g_build_filename(folder, "phone.json.abcdef", NULL);
	g_autofree char *overlay = g_build_filename(folder, "overlay.qcow2", NULL);
	g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(record, "{", 1, NULL));
	open_table(fixture, UUID_A);
	g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
	g_assert_cmpuint(quarantined(fixture), ==, 0);
	phone_table_free(g_steal_pointer(&fixture->host.phones));

	/* With a disk in it, it is somebody's. */
	g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
	g_assert_true(g_file_set_contents(overlay, "x", 1, NULL));
	open_table(fixture, UUID_A);
	g_assert_true(g_file_test(overlay, G_FILE_TEST_EXISTS));
	g_assert_cmpuint(quarantined(fixture), ==, 1);
}

static void test_quarantine(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	static const char *const texts[] = {"", "{", "[]", "{\"format\":2}",
	    "{\"format\":1,\"uuid\":\"" UUID_B
	    "\",\"name\":\"p\",\"mac\":\"m\",\"created\":\"c\",\"template\":"
	    "\"t\",\"template_folder\":\"f\",\"state\":\"off\"}",
	    "{\"format\":1,\"uuid\":\"" UUID_A
	    "\",\"name\":\"p\",\"mac\":\"m\",\"created\":\"c\",\"template\":"
	    "\"t\",\"template_folder\":\"f\",\"state\":\"asleep\"}",
	    "{\"format\":1,\"uuid\":\"" UUID_A
	    "\",\"name\":\"p\",\"mac\":\"m\",\"created\":\"c\",\"template\":"
	    "\"t\",\"template_folder\":\"f\",\"state\":\"off\",\"pid\":\"1\"}"};
	g_autofree char *strange = g_build_filename(fixture->state, "my-holiday-pictures", NULL);
	g_mkdir(strange, 0700);
	for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
		record_text(fixture, UUID_A, texts[i]);
		g_assert_null(open_table(fixture, UUID_A));
		g_assert_cmpuint(quarantined(fixture), ==, 2);
		phone_table_free(g_steal_pointer(&fixture->host.phones));
		g_autofree char *path =
		    g_build_filename(fixture->state, UUID_A, "phone.json", NULL);
		g_autofree char *text = NULL;
		g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
		g_assert_cmpstr(text, ==, texts[i]); /* untouched */
	}
}

/* A phone whose template went away can be listed and destroyed, not started. */
static void on_refused(void *data, struct phone *phone, const GError *error)
{
	g_assert_nonnull(phone);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT);
	*(bool *)data = true;
}

static void on_destroyed(void *data, struct phone *phone, const GError *error)
{
	g_assert_null(phone);
	g_assert_no_error(error);
	++*(unsigned *)data;
}

static void test_destroy(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	record(fixture, UUID_A, "off", true, 0, 0);
	struct phone *phone = open_table(fixture, UUID_A);
	bool refused = false;
	phone_start(phone, on_refused, &refused);
	g_assert_true(refused);
	/* Two orders at once: both are answered, one does it. */
	unsigned destroyed = 0;
	phone_destroy(phone, on_destroyed, &destroyed);
	phone_destroy(phone, on_destroyed, &destroyed);
	while (destroyed < 2)
		g_main_context_iteration(NULL, TRUE);
	g_autofree char *folder = g_build_filename(fixture->state, UUID_A, NULL);
	g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
	g_assert_cmpuint(phone_table_count(fixture->host.phones), ==, 0);
}

static void test_transitions(void)
{
	static const char *const legal[PHONE_N_STATES] = {
	    [PHONE_CREATING] = "running failed off suspended",
	    [PHONE_RUNNING] = "stopping off failed suspended",
	    [PHONE_STOPPING] = "off failed",
	    [PHONE_SUSPENDED] = "creating off",
	    [PHONE_OFF] = "creating suspended",
	    [PHONE_FAILED] = "creating suspended",
	};
	for (enum phone_state from = 0; from < PHONE_N_STATES; from++) {
		g_auto(GStrv) names = g_strsplit(legal[from], " ", 0);
		for (enum phone_state to = 0; to < PHONE_N_STATES; to++)
			g_assert_cmpint(phone_transition_legal(from, to), ==,
			    g_strv_contains((const char *const *)names, phone_state_name(to)));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(
	    G_LOG_LEVEL_CRITICAL | G_LOG_FLAG_RECURSION); /* warnings are expected */
	g_test_add_func("/phone/transitions", test_transitions);
#define ADD(name)                                                                                  \
	g_test_add("/phone_table/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	ADD(adopts);
	ADD(pid_reused);
	ADD(process_gone);
	ADD(unfinished);
	ADD(unfinished_restart);
	ADD(quarantine);
	ADD(never_begun);
	ADD(destroy);
	return g_test_run();
}
