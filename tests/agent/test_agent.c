/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole agent on a socket pair: what a host sees from its first connection to ready. */
#include "agent/agent.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct phone {
	char *root, *ready_file;
	struct agent_config config;
	struct agent agent;
	int host;
};

static void connect_host(struct phone *phone)
{
	int ends[2];
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
	phone->host = ends[0];
	agent_attach(&phone->agent, ends[1]);
	g_assert_true(port_pump(&phone->agent.port));
}

static void set_up(struct phone *phone, gconstpointer data)
{
	(void)data;
	phone->root = g_dir_make_tmp("agent.XXXXXX", NULL);
	phone->ready_file = g_build_filename(phone->root, "drawn", NULL);
	phone->config = (struct agent_config){
	    .readiness = {.ready_file = phone->ready_file},
	    .applications = phone->root,
	    .uid = getuid(),
	};
	agent_init(&phone->agent, &phone->config);
	connect_host(phone);
}

static void tear_down(struct phone *phone, gconstpointer data)
{
	(void)data;
	agent_finish(&phone->agent);
	close(phone->host);
	g_unlink(phone->ready_file);
	g_rmdir(phone->root);
	g_free(phone->root);
	g_free(phone->ready_file);
}

static void expect(struct phone *phone, const char *wanted)
{
	char got[4096];
	ssize_t n = recv(phone->host, got, sizeof(got) - 1, MSG_DONTWAIT);
	got[n > 0 ? n : 0] = '\0';
	g_assert_cmpstr(got, ==, wanted);
}

static void ask(struct phone *phone, const char *line)
{
	g_assert_cmpint(send(phone->host, line, strlen(line), 0), ==, (ssize_t)strlen(line));
	g_assert_true(port_pump(&phone->agent.port));
}

static void test_hello_stage_ready(struct phone *phone, gconstpointer data)
{
	(void)data;
	expect(phone, "{\"jsonrpc\":\"2.0\",\"method\":\"agent.hello\",\"params\":{\"version\":1,"
	              "\"ready\":false}}\n");
	g_assert_cmpint(agent_step(&phone->agent, 0), >, 0);
	expect(phone, "");
	g_assert_true(g_file_set_contents(phone->ready_file, "", -1, NULL));
	g_assert_cmpint(agent_step(&phone->agent, 1), ==, -1);
	expect(phone,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"agent.stage\",\"params\":{\"stage\":\"ready\"}}\n"
	    "{\"jsonrpc\":\"2.0\",\"method\":\"agent.ready\",\"params\":{\"version\":1}}\n");
	g_assert_cmpint(agent_step(&phone->agent, 2), ==, -1);
	expect(phone, "");

	/* A host that comes later learns the state from hello. */
	close(phone->host);
	g_assert_true(port_pump(&phone->agent.port));
	agent_finish(&phone->agent);
	connect_host(phone);
	expect(phone, "{\"jsonrpc\":\"2.0\",\"method\":\"agent.hello\",\"params\":{\"version\":1,"
	              "\"ready\":true}}\n");
}

static void test_ready_while_nobody_listens(struct phone *phone, gconstpointer data)
{
	(void)data;
	close(phone->host);
	phone->host = -1;
	g_assert_true(port_pump(&phone->agent.port));
	g_assert_true(g_file_set_contents(phone->ready_file, "", -1, NULL));
	g_assert_cmpint(agent_step(&phone->agent, 0), ==, -1);
	agent_finish(&phone->agent);
	connect_host(phone);
	expect(phone, "{\"jsonrpc\":\"2.0\",\"method\":\"agent.hello\",\"params\":{\"version\":1,"
	              "\"ready\":true}}\n");
}

static void test_methods(struct phone *phone, gconstpointer data)
{
	char line[4096];
	(void)data;
	g_assert_cmpint(recv(phone->host, line, sizeof(line), MSG_DONTWAIT), >, 0);
	ask(phone, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"agent.info\",\"params\":{}}\n");
	ssize_t n = recv(phone->host, line, sizeof(line) - 1, MSG_DONTWAIT);
	g_assert_cmpint(n, >, 0);
	line[n] = '\0';
	g_assert_true(
	    g_str_has_prefix(line, "{\"jsonrpc\":\"2.0\",\"result\":{\"version\":1,\"os\":\""));
	g_assert_true(
	    g_str_has_suffix(line, "\",\"ready\":false,\"stage\":\"booting\"},\"id\":1}\n"));

	ask(phone, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"application.list\"}\n");
	expect(phone, "{\"jsonrpc\":\"2.0\",\"result\":{\"applications\":[]},\"id\":2}\n");
	ask(phone, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"disk.sync\"}\n");
	expect(phone, "{\"jsonrpc\":\"2.0\",\"result\":{},\"id\":3}\n");
	g_assert_false(phone->agent.power_off);
	ask(phone, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"power.off\"}\n");
	expect(phone, "{\"jsonrpc\":\"2.0\",\"result\":{},\"id\":4}\n");
	g_assert_true(phone->agent.power_off);
}

/* On the machine that runs this test: figures that differ, members that do not; and nothing of it
 * is to be put online. */
static void test_machine(struct phone *phone, gconstpointer data)
{
	static const char *const members[] = {
	    "\"load1\":", "\"uptime_s\":", "\"memory_kib\":", "\"memory_available_kib\":",
	    "\"disk_bytes\":", "\"disk_used_bytes\":", "\"received_bytes\":", "\"sent_bytes\":"};
	static const char *const wrong[] = {"{}", "{\"cpus\":0,\"memory_mib\":1}",
	    "{\"cpus\":1025,\"memory_mib\":1}", "{\"cpus\":\"1\",\"memory_mib\":1}"};
	char line[4096];
	(void)data;
	g_assert_cmpint(recv(phone->host, line, sizeof(line), MSG_DONTWAIT), >, 0);
	ask(phone, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"usage.get\"}\n");
	ssize_t n = recv(phone->host, line, sizeof(line) - 1, MSG_DONTWAIT);
	g_assert_cmpint(n, >, 0);
	line[n] = '\0';
	for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
		g_assert_nonnull(strstr(line, members[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *call =
		    g_strdup_printf("{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"machine.online\","
		                    "\"params\":%s}\n",
		        wrong[i]);
		ask(phone, call);
		expect(phone, "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32602,\"message\":\"cpus "
		              "must be a whole number, 1 to 1024\"},\"id\":8}\n");
	}
}

static void test_garbage_then_sense(struct phone *phone, gconstpointer data)
{
	char line[4096];
	(void)data;
	g_assert_cmpint(recv(phone->host, line, sizeof(line), MSG_DONTWAIT), >, 0);
	ask(phone, "\x01\x02 garbage\n");
	expect(phone, "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32700,\"message\":\"not a line of "
	              "JSON\"},\"id\":null}\n");
	ask(phone, "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"disk.sync\"}\n");
	expect(phone, "{\"jsonrpc\":\"2.0\",\"result\":{},\"id\":5}\n");
	ask(phone, "{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":\"identity.set\",\"params\":{"
	           "\"hostname\":\"x\"}}\n");
	expect(phone, "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32602,\"message\":\"params need a "
	              "string called \\\"machine_id\\\"\"},\"id\":6}\n");
}

#define ADD(name, function)                                                                        \
	g_test_add("/agent/agent/" name, struct phone, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN); /* as the program does */
	g_test_init(&argc, &argv, NULL);
	ADD("hello-stage-ready", test_hello_stage_ready);
	ADD("ready-while-nobody-listens", test_ready_while_nobody_listens);
	ADD("methods", test_methods);
	ADD("machine", test_machine);
	ADD("garbage-then-sense", test_garbage_then_sense);
	return g_test_run();
}
