/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written into a phone's control group: a folder with the kernel's files stands for one. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "qvisor/launch_cgroup.h"
#include "qvisor/launch_jail.h"

#define UUID "6f1ee37c-0000-4000-8000-00000000beef"

struct fixture {
	char *root;
	struct launch_options options;
	struct launch_request request;
};

static char *path_of(const struct fixture *f, const char *folder, const char *name)
{
	return g_build_filename(f->root, folder, name, NULL);
}

static void make_file(const struct fixture *f, const char *folder, const char *name)
{
	g_autofree char *path = path_of(f, folder, name);
	g_assert_true(g_file_set_contents(path, "", 0, NULL));
}

static void assert_file(
    const struct fixture *f, const char *folder, const char *name, const char *expected)
{
	g_autofree char *path = path_of(f, folder, name);
	g_autofree char *text = NULL;
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, expected);
}

static void set_up(struct fixture *f, gconstpointer data)
{
	(void)data;
	static const char *const files[] = {
	    "memory.max", "cpu.max", "pids.max", "io.max", "cgroup.procs"};
	f->root = g_dir_make_tmp("cgroup-XXXXXX", NULL);
	g_autofree char *group = path_of(f, UUID, NULL);
	g_assert_no_errno(g_mkdir(group, 0755));
	for (unsigned i = 0; i < G_N_ELEMENTS(files); i++)
		make_file(f, UUID, files[i]);
	f->options =
	    (struct launch_options){.cgroup = f->root, .state_folder = f->root, .pids_max = 512};
	f->request = (struct launch_request){.uuid = UUID};
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	static const char *const folders[] = {UUID, "."};
	for (unsigned i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *path = path_of(f, folders[i], NULL);
		GDir *dir = g_dir_open(path, 0, NULL);
		const char *name;
		while ((name = g_dir_read_name(dir))) {
			g_autofree char *file = g_build_filename(path, name, NULL);
			g_remove(file);
		}
		g_dir_close(dir);
	}
	g_assert_no_errno(g_rmdir(f->root));
	g_free(f->root);
}

static void test_asked(struct fixture *f, gconstpointer data)
{
	(void)data;
	f->request.memory_mib = 1600;
	f->request.cpu_percent = 250;
	g_assert_true(launch_cgroup_enter(&f->options, &f->request, 4711));
	assert_file(f, UUID, "memory.max", "1677721600");
	assert_file(f, UUID, "cpu.max", "250000 100000");
	assert_file(f, UUID, "pids.max", "512");
	assert_file(f, UUID, "io.max", "");
	assert_file(f, UUID, "cgroup.procs", "4711");
}

/* Whatever qvisord asks for. */
static void test_bounded(struct fixture *f, gconstpointer data)
{
	(void)data;
	f->options.memory_max_mib = 1024;
	f->options.cpu_max_percent = 150;
	f->options.io_max_mib = 200;
	strcpy(f->options.io_device, "8:0");
	f->request.memory_mib = 99999999;
	f->request.cpu_percent = 99999999;
	g_assert_true(launch_cgroup_enter(&f->options, &f->request, 1));
	assert_file(f, UUID, "memory.max", "1073741824");
	assert_file(f, UUID, "cpu.max", "150000 100000");
	assert_file(f, UUID, "io.max", "8:0 rbps=209715200 wbps=209715200");
}

static void test_unasked(struct fixture *f, gconstpointer data)
{
	(void)data;
	f->options.memory_max_mib = 1024;
	g_assert_true(launch_cgroup_enter(&f->options, &f->request, 1));
	assert_file(f, UUID, "memory.max", "1073741824");
	assert_file(f, UUID, "cpu.max", "");
}

static void test_without(struct fixture *f, gconstpointer data)
{
	(void)data;
	launch_cgroup_prepare(&f->options);
	g_assert_cmpstr(f->options.without, ==, "memory, processors, processes, input and output");
	make_file(f, ".", "cgroup.subtree_control");
	launch_cgroup_prepare(&f->options);
	g_assert_cmpstr(f->options.without, ==, "input and output"); /* nobody has said how much */
	f->options.cgroup = NULL;
	launch_cgroup_prepare(&f->options);
	g_assert_cmpstr(f->options.without, ==, "memory, processors, processes, input and output");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add(name, struct fixture, NULL, set_up, test, tear_down)
	ADD("/launch-cgroup/asked", test_asked);
	ADD("/launch-cgroup/bounded", test_bounded);
	ADD("/launch-cgroup/unasked", test_unasked);
	ADD("/launch-cgroup/without", test_without);
	return g_test_run();
}
