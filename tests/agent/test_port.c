/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The agent's line: framing, bounds, and a host that comes and goes. A socket pair stands for the
 * virtio-serial port. */
#include "agent/port.h"

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct line_test {
	struct port port;
	int host;
	unsigned connects;
	unsigned overlong;
	bool answer; /* send every line back */
	GPtrArray *lines;
};

static void on_connected(void *context)
{
	((struct line_test *)context)->connects++;
}

static void on_line(void *context, const char *text, size_t length)
{
	struct line_test *test = context;
	g_ptr_array_add(test->lines, g_strndup(text, length));
	if (test->answer)
		g_assert_true(port_send(&test->port, text, length));
}

static void on_overlong(void *context)
{
	((struct line_test *)context)->overlong++;
}

static const struct port_events events = {on_connected, on_line, on_overlong};

static void set_up(struct line_test *test, gconstpointer data)
{
	int ends[2];
	(void)data;
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
	test->host = ends[0];
	test->lines = g_ptr_array_new_with_free_func(g_free);
	port_init(&test->port, ends[1], &events, test);
}

static void tear_down(struct line_test *test, gconstpointer data)
{
	(void)data;
	if (test->host >= 0)
		close(test->host);
	port_finish(&test->port);
	g_ptr_array_unref(test->lines);
}

static void host_writes(struct line_test *test, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t n = send(test->host, text, length, MSG_DONTWAIT);
		if (n < 0) {
			g_assert_cmpint(errno, ==, EAGAIN);
			g_assert_true(port_pump(&test->port));
			continue;
		}
		text += n;
		length -= (size_t)n;
	}
	g_assert_true(port_pump(&test->port));
}

static const char *line_at(struct line_test *test, guint i)
{
	g_assert_cmpuint(i, <, test->lines->len);
	return g_ptr_array_index(test->lines, i);
}

static void test_splits_lines(struct line_test *test, gconstpointer data)
{
	(void)data;
	host_writes(test, "one\ntwo\n\nthr", 12);
	g_assert_cmpuint(test->connects, ==, 1);
	g_assert_cmpuint(test->lines->len, ==, 2);
	host_writes(test, "ee\n", 3);
	g_assert_cmpstr(line_at(test, 0), ==, "one");
	g_assert_cmpstr(line_at(test, 1), ==, "two");
	g_assert_cmpstr(line_at(test, 2), ==, "three");
}

static void test_byte_by_byte(struct line_test *test, gconstpointer data)
{
	(void)data;
	for (const char *c = "a line\nand\n"; *c; c++)
		host_writes(test, c, 1);
	g_assert_cmpuint(test->lines->len, ==, 2);
	g_assert_cmpstr(line_at(test, 0), ==, "a line");
}

static void test_longest_line(struct line_test *test, gconstpointer data)
{
	g_autofree char *text = g_malloc(PORT_LINE_MAX + 1);
	(void)data;
	memset(text, 'x', PORT_LINE_MAX);
	text[PORT_LINE_MAX] = '\n';
	host_writes(test, text, PORT_LINE_MAX + 1);
	g_assert_cmpuint(test->overlong, ==, 0);
	g_assert_cmpuint(strlen(line_at(test, 0)), ==, PORT_LINE_MAX);
}

static void test_line_too_long(struct line_test *test, gconstpointer data)
{
	g_autofree char *text = g_malloc(3 * PORT_LINE_MAX);
	(void)data;
	memset(text, 'x', 3 * PORT_LINE_MAX);
	host_writes(test, text, 3 * PORT_LINE_MAX);
	host_writes(test, "tail\nnext\n", 10);
	g_assert_cmpuint(test->overlong, ==, 1);
	g_assert_cmpuint(test->lines->len, ==, 1);
	g_assert_cmpstr(line_at(test, 0), ==, "next");
}

/* A host that asks and never reads must be held up, not served from ever more memory. */
static void test_host_does_not_listen(struct line_test *test, gconstpointer data)
{
	g_autofree char *line = g_malloc(PORT_LINE_MAX / 2 + 1);
	(void)data;
	test->answer = true;
	memset(line, 'q', PORT_LINE_MAX / 2);
	line[PORT_LINE_MAX / 2] = '\n';
	gsize sent = 0;
	for (int quiet = 0; quiet < 3;) {
		ssize_t n = send(test->host, line + sent % (PORT_LINE_MAX / 2 + 1),
		    PORT_LINE_MAX / 2 + 1 - sent % (PORT_LINE_MAX / 2 + 1), MSG_DONTWAIT);
		if (n > 0) {
			sent += (gsize)n;
			quiet = 0;
		} else {
			quiet++;
		}
		g_assert_true(port_pump(&test->port));
		g_assert_cmpuint(sent, <, 64 * 1024 * 1024);
	}
	g_assert_cmpuint(test->port.out_length, <=, PORT_OUT_MAX);

	/* Now it listens: every line that was taken comes back whole, and reading goes on. */
	guint before = test->lines->len;
	gsize got = 0;
	static char sink[65536];
	for (int quiet = 0; quiet < 3;) {
		ssize_t n = recv(test->host, sink, sizeof(sink), MSG_DONTWAIT);
		got += n > 0 ? (gsize)n : 0;
		quiet = n > 0 ? 0 : quiet + 1;
		g_assert_true(port_pump(&test->port));
	}
	g_assert_cmpuint(test->lines->len, >, before);
	g_assert_cmpuint(got, ==, test->lines->len * (gsize)(PORT_LINE_MAX / 2 + 1));
}

static void test_host_goes_away(struct line_test *test, gconstpointer data)
{
	(void)data;
	host_writes(test, "half a li", 9);
	g_assert_true(test->port.connected);
	close(test->host);
	test->host = -1;
	g_assert_true(port_pump(&test->port));
	g_assert_false(test->port.connected);
	g_assert_cmpuint(test->port.in_length, ==, 0);
	g_assert_false(port_send(&test->port, "x", 1));
}

/* A last request before the host hangs up is still done. */
static void test_last_words(struct line_test *test, gconstpointer data)
{
	(void)data;
	host_writes(test, "first\n", 6);
	test->answer = true;
	g_assert_cmpint(send(test->host, "last\nhalf", 9, 0), ==, 9);
	close(test->host);
	test->host = -1;
	g_assert_true(port_pump(&test->port));
	g_assert_cmpuint(test->lines->len, ==, 2);
	g_assert_cmpstr(line_at(test, 1), ==, "last");
	g_assert_false(test->port.connected);
	g_assert_cmpuint(test->port.out_length, ==, 0);
}

static void test_send_bounds(struct line_test *test, gconstpointer data)
{
	static char text[PORT_LINE_MAX + 1];
	(void)data;
	g_assert_false(port_send(&test->port, "early", 5)); /* nobody has been noticed yet */
	g_assert_true(port_pump(&test->port));
	g_assert_false(port_send(&test->port, text, PORT_LINE_MAX + 1));
	unsigned taken = 0;
	while (port_send(&test->port, text, PORT_LINE_MAX))
		g_assert_cmpuint(++taken, <, 1000);
	g_assert_cmpuint(taken, >, 0);
	g_assert_cmpuint(test->port.out_length, <=, PORT_OUT_MAX);
}

static void test_finds_port_by_name(void)
{
	g_autofree char *root = g_dir_make_tmp("port.XXXXXX", NULL);
	g_autofree char *other = g_build_filename(root, "vport0p1", NULL),
	                *wanted = g_build_filename(root, "vport0p2", NULL);
	g_autofree char *other_name = g_build_filename(other, "name", NULL),
	                *wanted_name = g_build_filename(wanted, "name", NULL);
	g_autofree char *dev = g_build_filename(root, "dev", NULL),
	                *node = g_build_filename(dev, "vport0p2", NULL);
	g_mkdir(other, 0700);
	g_mkdir(wanted, 0700);
	g_mkdir(dev, 0700);
	g_assert_true(g_file_set_contents(other_name, "org.example.0\n", -1, NULL));
	g_assert_true(g_file_set_contents(wanted_name, "org.qvmi.agent.0\n", -1, NULL));
	g_assert_true(g_file_set_contents(node, "", -1, NULL));
	int fd = port_open(root, dev, "org.qvmi.agent.0");
	g_assert_cmpint(fd, >=, 0);
	close(fd);
	g_assert_cmpint(port_open(root, dev, "org.qvmi.agent"), ==, -1);
	g_assert_cmpint(port_open("/nonexistent", dev, "org.qvmi.agent.0"), ==, -1);
	g_assert_cmpint(errno, ==, ENOENT);
	g_unlink(node);
	g_unlink(other_name);
	g_unlink(wanted_name);
	g_rmdir(dev);
	g_rmdir(other);
	g_rmdir(wanted);
	g_rmdir(root);
}

#define ADD(name, function)                                                                        \
	g_test_add("/agent/port/" name, struct line_test, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN); /* as the program does */
	g_test_init(&argc, &argv, NULL);
	ADD("splits-lines", test_splits_lines);
	ADD("byte-by-byte", test_byte_by_byte);
	ADD("longest-line", test_longest_line);
	ADD("line-too-long", test_line_too_long);
	ADD("host-does-not-listen", test_host_does_not_listen);
	ADD("host-goes-away", test_host_goes_away);
	ADD("last-words", test_last_words);
	ADD("send-bounds", test_send_bounds);
	g_test_add_func("/agent/port/finds-by-name", test_finds_port_by_name);
	return g_test_run();
}
