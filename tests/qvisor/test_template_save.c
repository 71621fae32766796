/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saving a template's state, and reading its console, with a QEMU that is played here. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/boot_console.h"
#include "qvisor/folder.h"
#include "qvisor/template_save.h"

struct fixture {
	int peer;
	struct qmp *qmp;
	struct template_save save;
	struct boot_console console;
	char *folder;
	unsigned failures;
	GError *error;
};

static void on_event(void *data, const char *name, JsonObject *payload)
{
	struct fixture *fixture = data;
	template_save_event(&fixture->save, name, payload);
}

static void on_closed(void *data, const GError *error)
{
	(void)data;
	(void)error;
}

static const struct qmp_events events = {on_event, on_closed};

static void on_failed(void *data, const GError *error)
{
	struct fixture *fixture = data;
	fixture->failures++;
	fixture->error = g_error_copy(error);
}

static void turn(void)
{
	for (unsigned i = 0; i < 20; i++)
		while (g_main_context_iteration(NULL, FALSE))
			;
}

static void say(struct fixture *fixture, const char *text)
{
	g_assert_cmpint(send(fixture->peer, text, strlen(text), MSG_NOSIGNAL), ==, strlen(text));
	turn();
}

/* Answers each command with success until none comes; their names, in order; static. */
static const char *obey(struct fixture *fixture)
{
	static char names[1024];
	char text[4096];
	names[0] = 0;
	turn();
	for (ssize_t n; (n = recv(fixture->peer, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0;) {
		text[n] = 0;
		const char *name = strstr(text, "\"execute\":\"") + strlen("\"execute\":\"");
		const char *id = strstr(text, "\"id\":") + strlen("\"id\":");
		g_autofree char *answer =
		    g_strdup_printf("{\"return\":{},\"id\":%d}\r\n", atoi(id));
		strncat(names, name, strcspn(name, "\""));
		strcat(names, " ");
		say(fixture, answer);
	}
	return names;
}

static void set_up(struct fixture *fixture, gconstpointer data)
{
	int pair[2];
	(void)data;
	fixture->folder = g_dir_make_tmp("qvmi-save-XXXXXX", NULL);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	fixture->peer = pair[1];
	fixture->qmp = qmp_new(pair[0], &events, fixture);
	boot_console_init(&fixture->console);
	say(fixture, "{\"QMP\":{\"version\":{},\"capabilities\":[]}}\r\n");
	g_assert_cmpstr(obey(fixture), ==, "qmp_capabilities ");
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	template_save_end(&fixture->save);
	qmp_free(fixture->qmp);
	boot_console_finish(&fixture->console);
	if (fixture->peer >= 0)
		close(fixture->peer);
	g_assert_true(folder_delete(fixture->folder, NULL));
	g_free(fixture->folder);
	g_clear_error(&fixture->error);
}

static void start(struct fixture *fixture)
{
	template_save_start(&fixture->save, fixture->qmp, fixture->folder, on_failed, fixture);
	g_assert_cmpstr(obey(fixture), ==, "stop migrate-set-capabilities add-fd migrate ");
}

static void test_saved(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	start(fixture);
	say(fixture, "{\"event\":\"MIGRATION\",\"data\":{\"status\":\"active\"}}\r\n");
	g_assert_cmpstr(obey(fixture), ==, "");
	say(fixture, "{\"event\":\"MIGRATION\",\"data\":{\"status\":\"completed\"}}\r\n");
	g_assert_cmpstr(obey(fixture), ==, "quit ");
	g_assert_true(template_save_end(&fixture->save));
	g_assert_true(template_save_end(&fixture->save));
	g_assert_cmpuint(fixture->failures, ==, 0);
}

/* Its end is no failure of a command's; but neither has it saved anything. */
static void test_died(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	start(fixture);
	close(fixture->peer);
	fixture->peer = -1;
	turn();
	g_assert_cmpuint(fixture->failures, ==, 0);
	g_assert_false(template_save_end(&fixture->save));
}

static void test_failed(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	start(fixture);
	say(fixture, "{\"event\":\"MIGRATION\",\"data\":{\"status\":\"failed\"}}\r\n");
	say(fixture, "{\"event\":\"MIGRATION\",\"data\":{\"status\":\"failed\"}}\r\n");
	g_assert_cmpuint(fixture->failures, ==, 1);
	g_assert_error(fixture->error, QVMI_ERROR, QVMI_ERROR_FAILED);
	g_assert_false(template_save_end(&fixture->save));
}

static void test_no_file(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autofree char *state = g_build_filename(fixture->folder, "state", NULL);
	g_assert_true(g_file_set_contents(state, "", 0, NULL));
	template_save_start(&fixture->save, fixture->qmp, fixture->folder, on_failed, fixture);
	g_assert_cmpuint(fixture->failures, ==, 1);
	g_assert_nonnull(strstr(fixture->error->message, state));
	g_assert_cmpstr(obey(fixture), ==, "");
}

/* A guest may say as much as it likes: the end of it is kept. */
static void test_console(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autofree char *path = g_build_filename(fixture->folder, "console", NULL);
	boot_console_store(&fixture->console, path);
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	g_autofree guchar *said = g_malloc0(100000);
	for (unsigned i = 0; i < 4; i++) {
		char request[256];
		boot_console_read(&fixture->console, fixture->qmp);
		boot_console_read(&fixture->console, fixture->qmp); /* one at a time */
		turn();
		ssize_t n = recv(fixture->peer, request, sizeof(request) - 1, MSG_DONTWAIT);
		g_assert_cmpint(n, >, 0);
		request[n] = 0;
		memset(said, 'a' + (int)i, 100000);
		g_autofree char *text = g_base64_encode(said, 100000);
		g_autofree char *answer = g_strdup_printf("{\"return\":\"%s\",\"id\":%d}\r\n", text,
		    atoi(strstr(request, "\"id\":") + strlen("\"id\":")));
		say(fixture, answer);
	}
	boot_console_store(&fixture->console, path);
	g_autofree char *kept = NULL;
	gsize n;
	g_assert_true(g_file_get_contents(path, &kept, &n, NULL));
	g_assert_cmpuint(n, ==, 256 * 1024);
	g_assert_true(kept[0] == 'b' && kept[n - 1] == 'd');
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define TEST(name, function)                                                                       \
	g_test_add("/template-save/" name, struct fixture, NULL, set_up, function, tear_down)
	TEST("saved", test_saved);
	TEST("died", test_died);
	TEST("failed", test_failed);
	TEST("no-file", test_no_file);
	TEST("console", test_console);
	return g_test_run();
}
