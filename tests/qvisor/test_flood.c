/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Peers that send as fast as they can: a guest at the agent's channel, a QEMU that its guest makes
 * tell events. Nobody else waits for them, and nothing of it is kept. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "common/sanitized.h"
#include "qvisor/agent.h"
#include "qvisor/qmp.h"

#define FLOOD_S 1
/* The address sanitizer keeps what was freed for a while, so what grows then says nothing. */
#define KEPT_MAX_KIB (SANITIZED ? G_MAXLONG : 16384)
/* Of the main loop, until one who does not flood is heard: a flood gets its share of each. */
#define TURNS_MAX 8

struct flood {
	int fd;
	const char *line;
	volatile gint stop;
	guint64 sent;
};

static gpointer send_all(gpointer data)
{
	struct flood *flood = data;
	g_autoptr(GString) block = g_string_new(NULL);
	while (block->len < 60000)
		g_string_append(block, flood->line);
	while (!g_atomic_int_get(&flood->stop)) {
		ssize_t n = send(flood->fd, block->str, block->len, MSG_NOSIGNAL);
		if (n <= 0)
			break;
		flood->sent += (guint64)n;
		/* The rest of a line that was cut is an end of its own. */
		if ((size_t)n < block->len && send(flood->fd, "\n", 1, MSG_NOSIGNAL) != 1)
			break;
	}
	return NULL;
}

static void pair(int fds[2])
{
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
}

/* Resident KiB of this process (proc(5)). */
static long resident_kib(void)
{
	long total, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	g_assert_nonnull(file);
	g_assert_cmpint(fscanf(file, "%ld %ld", &total, &resident), ==, 2);
	fclose(file);
	return resident * sysconf(_SC_PAGESIZE) / 1024;
}

static void on_event(void *data, const char *name, JsonObject *payload)
{
	(void)data, (void)name, (void)payload;
}

static void on_closed(void *data, const GError *error)
{
	(void)data;
	g_error("the flooded connection ended: %s", error->message);
}

static const struct qmp_events qmp_events = {on_event, on_closed};

static void on_answer(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	g_assert_no_error(error);
	*(bool *)data = true;
}

/* The other QEMU: reads a command and answers it. */
static void answer(int fd, int64_t id)
{
	char text[4096];
	g_assert_cmpint(read(fd, text, sizeof(text)), >, 0);
	g_autofree char *line =
	    g_strdup_printf("{\"return\":{},\"id\":%" G_GINT64_FORMAT "}\n", id);
	g_assert_cmpint(write(fd, line, strlen(line)), ==, (ssize_t)strlen(line));
}

/* Asks the other one again and again, as long as the flood lasts. */
static void assert_others_answer(int fd, struct qmp *other)
{
	gint64 end = g_get_monotonic_time() + FLOOD_S * G_USEC_PER_SEC;
	for (int64_t id = 2; g_get_monotonic_time() < end; id++) {
		bool answered = false;
		unsigned turns = 0;
		qmp_execute(other, "query-status", NULL, -1, 5000, on_answer, &answered);
		answer(fd, id);
		while (!answered) {
			g_main_context_iteration(NULL, TRUE);
			turns++;
		}
		g_assert_cmpuint(turns, <=, TURNS_MAX);
	}
}

static void run(struct flood *flood)
{
	int fds[2];
	pair(fds);
	struct qmp *other = qmp_new(fds[1], &qmp_events, NULL);
	g_assert_cmpint(write(fds[0], "{\"QMP\":{}}\n", 11), ==, 11);
	while (g_main_context_iteration(NULL, FALSE))
		;
	answer(fds[0], 1); /* qmp_capabilities */
	while (g_main_context_iteration(NULL, FALSE))
		;
	long before = resident_kib();
	GThread *thread = g_thread_new("flood", send_all, flood);
	assert_others_answer(fds[0], other);
	long grown = resident_kib() - before;
	g_atomic_int_set(&flood->stop, 1);
	shutdown(flood->fd, SHUT_RDWR);
	g_thread_join(thread);
	g_test_message("%" G_GUINT64_FORMAT " bytes came, %ld KiB were kept", flood->sent, grown);
	g_assert_cmpuint(flood->sent, >, 65536);
	g_assert_cmpint(grown, <, KEPT_MAX_KIB);
	qmp_free(other);
	close(fds[0]);
	close(flood->fd);
}

static void test_events(void)
{
	int fds[2];
	pair(fds);
	g_assert_cmpint(write(fds[0], "{\"QMP\":{}}\n", 11), ==, 11);
	struct qmp *flooded = qmp_new(fds[1], &qmp_events, NULL);
	struct flood flood = {.fd = fds[0],
	    .line = "{\"event\":\"VSERPORT_CHANGE\",\"data\":{\"open\":true,\"id\":\"agent\"}}\n"};
	run(&flood);
	qmp_free(flooded);
}

static void on_hello(void *data)
{
	(void)data;
}

static void on_stage(void *data, enum agent_stage stage)
{
	(void)data, (void)stage;
}

static void test_agent(void)
{
	static const struct agent_events events = {on_hello, on_stage, on_closed};
	int fds[2];
	pair(fds);
	struct agent *agent = agent_new(fds[1], &events, NULL);
	struct flood flood = {.fd = fds[0],
	    .line = "{\"jsonrpc\":\"2.0\",\"method\":\"agent.stage\",\"params\":{\"stage\":"
	            "\"session\"}}\n"
	            "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}\n"};
	run(&flood);
	agent_free(agent);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/flood/qmp-events", test_events);
	g_test_add_func("/flood/agent", test_agent);
	return g_test_run();
}
