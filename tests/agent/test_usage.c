/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the phone uses, from files as proc(5) has them. */
#include "agent/usage.h"

#include <glib.h>
#include <glib/gstdio.h>

static const char *const files[][2] = {
    {"loadavg", "0.52 0.58 0.59 2/813 4711\n"},
    {"uptime", "350735.47 234388.90\n"},
    {"meminfo", "MemTotal:        1531736 kB\nMemFree:          101352 kB\n"
                "MemAvailable:     871348 kB\nBuffers:           12345 kB\n"},
    {"net/dev", "Inter-|   Receive                                                |  Transmit\n"
                " face |bytes    packets errs drop fifo frame compressed multicast|bytes    "
                "packets errs drop fifo colls carrier compressed\n"
                "    lo: 5000 50 0 0 0 0 0 0 5000 50 0 0 0 0 0 0\n"
                "  eth0: 1000000 900 0 1 0 0 0 7 200000 800 0 0 0 0 0 0\n"
                " wwan0:111 1 0 0 0 0 0 0 22 1 0 0 0 0 0 0\n"},
};

static void test_files(void)
{
	g_autofree char *proc = g_dir_make_tmp("usage.XXXXXX", NULL);
	g_autofree char *net = g_build_filename(proc, "net", NULL);
	g_assert_cmpint(g_mkdir(net, 0700), ==, 0);
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(proc, files[i][0], NULL);
		g_assert_true(g_file_set_contents(path, files[i][1], -1, NULL));
	}
	struct usage usage;
	usage_read(proc, "/", &usage);
	g_assert_cmpfloat_with_epsilon(usage.load1, 0.52, 1e-6);
	g_assert_cmpuint(usage.uptime_s, ==, 350735);
	g_assert_cmpuint(usage.memory_kib, ==, 1531736);
	g_assert_cmpuint(usage.memory_available_kib, ==, 871348);
	g_assert_cmpuint(usage.received_bytes, ==, 1000111);
	g_assert_cmpuint(usage.sent_bytes, ==, 200022);
	g_assert_cmpuint(usage.disk_bytes, >, 0);
	g_assert_cmpuint(usage.disk_used_bytes, <=, usage.disk_bytes);
	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(proc, files[i][0], NULL);
		g_remove(path);
	}
	g_rmdir(net);
	g_rmdir(proc);
}

static void test_nothing(void)
{
	static const struct usage none;
	struct usage usage;
	usage_read("/nowhere", "/nowhere", &usage);
	g_assert_cmpmem(&usage, sizeof(usage), &none, sizeof(none));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/usage/files", test_files);
	g_test_add_func("/usage/nothing", test_nothing);
	return g_test_run();
}
