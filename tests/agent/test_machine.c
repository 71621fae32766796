/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting processors and memory online, on a tree as sysfs has it. */
#include "agent/machine.h"

#include <glib.h>
#include <glib/gstdio.h>

static void put(const char *sysfs, const char *folder, const char *file, const char *text)
{
	g_autofree char *path = g_build_filename(sysfs, folder, NULL);
	g_assert_cmpint(g_mkdir_with_parents(path, 0700), ==, 0);
	g_autofree char *name = g_build_filename(path, file, NULL);
	g_assert_true(g_file_set_contents(name, text, -1, NULL));
}

static void check_file(const char *sysfs, const char *name, const char *expected)
{
	g_autofree char *path = g_build_filename(sysfs, name, NULL);
	g_autofree char *text = NULL;
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, expected);
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	for (const char *name = dir ? g_dir_read_name(dir) : NULL; name;
	     name = g_dir_read_name(dir)) {
		g_autofree char *inner = g_build_filename(path, name, NULL);
		remove_tree(inner);
	}
	g_remove(path);
}

static char *make_tree(void)
{
	char *sysfs = g_dir_make_tmp("machine.XXXXXX", NULL);
	put(sysfs, "cpu/cpu0", "topology", ""); /* the first cannot be offline */
	put(sysfs, "cpu/cpu1", "online", "1\n");
	put(sysfs, "cpu/cpu2", "online", "0\n");
	put(sysfs, "cpu/cpufreq", "online", "0\n");
	put(sysfs, "memory", "block_size_bytes", "8000000\n");
	put(sysfs, "memory/memory0", "state", "online\n");
	put(sysfs, "memory/memory32", "state", "offline\n");
	put(sysfs, "memory/memory33", "state", "going-offline\n");
	return sysfs;
}

static void test_online(void)
{
	g_autofree char *sysfs = make_tree();
	struct machine online;
	machine_online(sysfs, &online);
	g_assert_cmpuint(online.cpus, ==, 3);
	g_assert_cmpuint(online.memory_mib, ==, 3 * 128);
	check_file(sysfs, "cpu/cpu2/online", "1");
	check_file(sysfs, "cpu/cpufreq/online", "0\n");
	check_file(sysfs, "memory/memory32/state", "online");
	remove_tree(sysfs);
}

static void test_refused(void)
{
	g_autofree char *sysfs = make_tree();
	g_autofree char *state = g_build_filename(sysfs, "memory/memory33/state", NULL);
	struct machine online;
	g_remove(state);
	g_assert_cmpint(g_mkdir(state, 0700), ==, 0); /* not even root can write to it */
	machine_online(sysfs, &online);
	g_assert_cmpuint(online.memory_mib, ==, 2 * 128);
	remove_tree(sysfs);
}

static void test_without_hotplug(void)
{
	struct machine online;
	machine_online("/nowhere", &online);
	g_assert_cmpuint(online.cpus, ==, 0);
	g_assert_cmpuint(online.memory_mib, ==, 0);
}

static gpointer plug_later(gpointer data)
{
	g_usleep(50000);
	put(data, "cpu/cpu3", "online", "0\n");
	return NULL;
}

static void test_wait(void)
{
	g_autofree char *sysfs = make_tree();
	struct machine online;
	struct rpc_error error = {0};
	const struct machine four = {4, 384}, eight = {8, 256};
	GThread *host = g_thread_new("host", plug_later, sysfs);
	g_assert_true(machine_wait(sysfs, &four, 60000, &online, &error));
	g_assert_cmpuint(online.cpus, ==, 4);
	g_thread_join(host);
	g_assert_false(machine_wait(sysfs, &eight, 40, &online, &error));
	g_assert_cmpint(error.code, ==, RPC_FAILED);
	g_assert_cmpstr(error.message, ==,
	    "the phone's kernel uses 4 processors and 384 MiB of memory, not 8 and 256; it may be "
	    "built without hotplug");
	remove_tree(sysfs);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/machine/online", test_online);
	g_test_add_func("/machine/refused", test_refused);
	g_test_add_func("/machine/without hotplug", test_without_hotplug);
	g_test_add_func("/machine/wait", test_wait);
	return g_test_run();
}
