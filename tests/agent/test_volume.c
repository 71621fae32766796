/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding the user's disk, and the home that a new volume begins with. Mounting needs a guest:
 * tests/integration/test_qvisor_volume.sh. */
#include "agent/volume.h"

#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/ext4.h"

static void test_serials(void)
{
	static const char *const good[] = {"qvmi-volume", "A", "01234567890123456789"};
	static const char *const bad[] = {
	    "", "012345678901234567890", "a b", "../x", "a\n", "\xc3\xa9"};
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(volume_serial_is_valid(good[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(volume_serial_is_valid(bad[i]));
}

static void add_disk(const char *sysfs, const char *name, const char *serial)
{
	g_autofree char *folder = g_build_filename(sysfs, name, NULL);
	g_autofree char *file = g_build_filename(folder, "serial", NULL);
	g_assert_cmpint(g_mkdir(folder, 0700), ==, 0);
	if (serial)
		g_assert_true(g_file_set_contents(file, serial, -1, NULL));
}

static void remove_disk(const char *sysfs, const char *name)
{
	g_autofree char *folder = g_build_filename(sysfs, name, NULL);
	g_autofree char *file = g_build_filename(folder, "serial", NULL);
	g_unlink(file);
	g_rmdir(folder);
}

static void test_find(void)
{
	static const char *const names[] = {"vda", "vdb", "vdc", "vdd", "loop0"};
	g_autofree char *sysfs = g_dir_make_tmp("volume.XXXXXX", NULL);
	char device[64] = "";
	add_disk(sysfs, "vda", NULL);
	add_disk(sysfs, "vdb", "");
	add_disk(sysfs, "vdc", "qvmi-volume-and-more-than-fits");
	add_disk(sysfs, "loop0", "qvmi-volume");
	g_assert_false(volume_find(sysfs, "qvmi-volume", device));
	add_disk(sysfs, "vdd", "qvmi-volume");
	g_assert_true(volume_find(sysfs, "qvmi-volume", device));
	g_assert_cmpstr(device, ==, "/dev/vdd");
	g_assert_false(volume_find("/nowhere", "qvmi-volume", device));
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		remove_disk(sysfs, names[i]);
	g_rmdir(sysfs);
}

struct place {
	char *folder, *volume, *note, *copy;
	struct account account;
};

static void set_up(struct place *place, gconstpointer data)
{
	(void)data;
	place->folder = g_dir_make_tmp("volume.XXXXXX", NULL);
	place->volume = g_build_filename(place->folder, "volume", NULL);
	g_autofree char *home = g_build_filename(place->folder, "image", NULL);
	place->note = g_build_filename(home, "note", NULL);
	place->copy = g_build_filename(place->volume, "home", "note", NULL);
	place->account = (struct account){.uid = getuid(), .gid = getgid()};
	g_strlcpy(place->account.home, home, sizeof(place->account.home));
	g_assert_cmpint(g_mkdir(home, 0700), ==, 0);
	g_assert_cmpint(g_mkdir(place->volume, 0700), ==, 0);
}

static void tear_down(struct place *place, gconstpointer data)
{
	(void)data;
	g_autofree char *home = g_build_filename(place->volume, "home", NULL);
	g_unlink(place->copy);
	g_unlink(place->note);
	g_rmdir(home);
	g_rmdir(place->account.home);
	g_rmdir(place->volume);
	g_assert_cmpint(g_rmdir(place->folder), ==, 0);
	g_free(place->folder);
	g_free(place->volume);
	g_free(place->note);
	g_free(place->copy);
}

static void check_copy(const struct place *place, const char *text)
{
	g_autofree char *found = NULL;
	g_file_get_contents(place->copy, &found, NULL, NULL);
	g_assert_cmpstr(found, ==, text);
}

/* What the image has at home is where a user begins, and never again. */
static void test_new_home(struct place *place, gconstpointer data)
{
	struct rpc_error error;
	bool made = false;
	(void)data;
	g_assert_true(g_file_set_contents(place->note, "welcome", -1, NULL));
	g_assert_true(volume_make_home(place->volume, &place->account, &made, &error));
	check_copy(place, "welcome");
	g_assert_true(made);
	g_assert_true(g_file_set_contents(place->copy, "mine", -1, NULL));
	g_assert_true(volume_make_home(place->volume, &place->account, &made, &error));
	check_copy(place, "mine");
	g_assert_false(made);
}

static void test_empty_home(struct place *place, gconstpointer data)
{
	struct rpc_error error;
	bool made = false;
	(void)data;
	g_assert_true(volume_make_home(place->volume, &place->account, &made, &error));
	check_copy(place, NULL);
}

/* Whoever was killed while copying goes on. */
static void test_half_copied(struct place *place, gconstpointer data)
{
	g_autofree char *part = g_build_filename(place->volume, "home.part", NULL);
	struct rpc_error error;
	bool made = false;
	(void)data;
	g_assert_true(g_file_set_contents(place->note, "welcome", -1, NULL));
	g_assert_cmpint(g_mkdir(part, 0700), ==, 0);
	g_assert_true(volume_make_home(place->volume, &place->account, &made, &error));
	check_copy(place, "welcome");
	g_assert_false(g_file_test(part, G_FILE_TEST_EXISTS));
}

static void poke(const char *path, off_t at, uint8_t byte)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	g_assert_cmpint(pwrite(fd, &byte, 1, at), ==, 1);
	close(fd);
}

static char *new_disk(const struct place *place, const char *features)
{
	char *path = g_build_filename(place->folder, "disk", NULL);
	const char *const argv[] = {
	    "/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-O", features, path, "8M", NULL};
	g_assert_true(g_spawn_sync(
	    NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, NULL, NULL));
	return path;
}

/* Whatever is not plainly well is for e2fsck. */
static void test_needs_check(struct place *place, gconstpointer data)
{
	static const struct {
		off_t at;
		uint8_t byte;
	} wrong[] = {{0x43a, 2}, {0x43a, 3}, {0x43a, 0}, {0x438, 0}, {0x43b, 1}};
	(void)data;
	for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autofree char *disk = new_disk(place, "has_journal");
		g_assert_true(ext4_needs_no_check(disk));
		poke(disk, wrong[i].at, wrong[i].byte);
		g_assert_false(ext4_needs_no_check(disk));
		g_unlink(disk);
	}
	g_autofree char *plain = new_disk(place, "^has_journal");
	g_assert_false(ext4_needs_no_check(plain));
	g_assert_cmpint(truncate(plain, 1080), ==, 0);
	g_assert_false(ext4_needs_no_check(plain));
	g_unlink(plain);
	g_assert_false(ext4_needs_no_check(plain));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/agent/volume/serials", test_serials);
	g_test_add_func("/agent/volume/find", test_find);
	g_test_add("/agent/volume/new-home", struct place, NULL, set_up, test_new_home, tear_down);
	g_test_add(
	    "/agent/volume/empty-home", struct place, NULL, set_up, test_empty_home, tear_down);
	g_test_add(
	    "/agent/volume/needs-check", struct place, NULL, set_up, test_needs_check, tear_down);
	g_test_add(
	    "/agent/volume/half-copied", struct place, NULL, set_up, test_half_copied, tear_down);
	return g_test_run();
}
