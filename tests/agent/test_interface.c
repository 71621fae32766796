/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses are taken for one, and which interface is the phone's, in a made-up sysfs. */
#include "agent/interface.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>

static void test_addresses(void)
{
	static const char *const bad[] = {"", "02:00:5e:10:00",
	    "02:00:5e:10:00:00:", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00",
	    "02-00-5e-10-00-00", "02:00:5E:10:00:00", "02:00:5e:10:00:0g", "2:00:5e:10:00:00:0",
	    "02:00:5e:10:00:0 "};
	g_assert_true(interface_address_is_valid("02:00:5e:10:00:00"));
	g_assert_true(interface_address_is_valid("00:00:00:00:00:01"));
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_test_message("\"%s\"", bad[i]);
		g_assert_false(interface_address_is_valid(bad[i]));
	}
}

static void make(const char *networks, const char *name, const char *type, bool device)
{
	g_autofree char *folder = g_build_filename(networks, name, NULL);
	g_autofree char *file = g_build_filename(folder, "type", NULL);
	g_autofree char *link = g_build_filename(folder, "device", NULL);
	g_assert_cmpint(g_mkdir(folder, 0755), ==, 0);
	g_assert_true(g_file_set_contents(file, type, -1, NULL));
	if (device)
		g_assert_cmpint(g_mkdir(link, 0755), ==, 0);
}

static void test_finds(void)
{
	g_autofree char *networks = g_dir_make_tmp("interface.XXXXXX", NULL);
	g_autofree char *clean = g_strdup_printf("rm -r %s", networks);
	char name[INTERFACE_NAME_SIZE];
	g_assert_false(interface_find("/nonexistent", name));
	make(networks, "lo", "772\n", false);
	make(networks, "bridge0", "1\n", false);
	make(networks, "can0", "280\n", true);
	make(networks, "a-name-longer-than-interfaces-have", "1\n", true);
	g_assert_false(interface_find(networks, name));
	make(networks, "enp1s0", "1\n", true);
	g_assert_true(interface_find(networks, name));
	g_assert_cmpstr(name, ==, "enp1s0");
	make(networks, "enp2s0", "1\n", true);
	g_assert_false(interface_find(networks, name)); /* which of them? */
	g_assert_cmpint(system(clean), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/agent/interface/addresses", test_addresses);
	g_test_add_func("/agent/interface/finds", test_finds);
	return g_test_run();
}
