/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What overlay.c writes, judged by qemu-img. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/overlay.h"
#include "qvisor/overlay_check.h"

struct fixture {
	char *folder, *base, *overlay;
};

#define BASE_SIZE (40 << 20)

static void set_up(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->folder = g_dir_make_tmp("qvmi-overlay-XXXXXX", NULL);
	fixture->base = g_build_filename(fixture->folder, "base, with a comma.raw", NULL);
	fixture->overlay = g_build_filename(fixture->folder, "overlay.qcow2", NULL);
	int fd = open(fixture->base, O_WRONLY | O_CREAT, 0600);
	g_assert_cmpint(pwrite(fd, "hello", 5, 20 << 20), ==, 5);
	g_assert_cmpint(ftruncate(fd, BASE_SIZE), ==, 0);
	close(fd);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_unlink(fixture->overlay);
	g_unlink(fixture->base);
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_free(fixture->folder);
	g_free(fixture->base);
	g_free(fixture->overlay);
}

/* Runs it and returns what it says, NULL when it fails. */
static char *run(const char *const *argv)
{
	char *out = NULL;
	int status = 0;
	g_autoptr(GError) error = NULL;
	g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL,
	    &status, &error);
	g_assert_no_error(error);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return out;
	g_free(out);
	return NULL;
}

static void test_judged(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	const char *format;
	g_assert_cmpuint(overlay_virtual_size(fixture->base, &format, &error), ==, BASE_SIZE);
	g_assert_cmpstr(format, ==, "raw");
	g_assert_true(overlay_create(fixture->overlay, fixture->base, format, BASE_SIZE, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(overlay_virtual_size(fixture->overlay, &format, &error), ==, BASE_SIZE);
	g_assert_cmpstr(format, ==, "qcow2");

	g_autofree char *check =
	    run((const char *[]){"qemu-img", "check", "-q", fixture->overlay, NULL});
	g_assert_nonnull(check);
	g_autofree char *info =
	    run((const char *[]){"qemu-img", "info", "--output=json", fixture->overlay, NULL});
	g_autoptr(JsonNode) node = json_parse_object(info, -1, &error);
	g_assert_no_error(error);
	JsonObject *object = json_node_get_object(node);
	g_assert_cmpstr(
	    json_object_get_string_member(object, "backing-filename"), ==, fixture->base);
	g_assert_cmpstr(
	    json_object_get_string_member(object, "backing-filename-format"), ==, "raw");
	g_assert_cmpint(json_object_get_int_member(object, "virtual-size"), ==, BASE_SIZE);

	/* Reads through, writes here, stays consistent. */
	g_autofree char *io = run((const char *[]){"qemu-io", "-f", "qcow2", "-c",
	    "read -P 0x68 20971520 1", "-c", "write -P 7 0 1M", "-c", "write -P 8 33M 512", "-c",
	    "read -P 7 512k 4k", fixture->overlay, NULL});
	g_assert_nonnull(io);
	g_assert_null(strstr(io, "failed"));
	g_autofree char *again =
	    run((const char *[]){"qemu-img", "check", "-q", fixture->overlay, NULL});
	g_assert_nonnull(again);
}

/* A large disk: its L1 table takes several clusters. */
static void test_large(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	g_assert_true(
	    overlay_create(fixture->overlay, fixture->base, "raw", (uint64_t)8 << 40, &error));
	g_autofree char *check =
	    run((const char *[]){"qemu-img", "check", "-q", fixture->overlay, NULL});
	g_assert_nonnull(check);
}

static void test_errors(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	const char *format;
	g_assert_false(overlay_create(fixture->overlay, fixture->base, "raw", 1000, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_false(
	    overlay_create(fixture->overlay, fixture->base, "raw", UINT64_MAX & ~511ULL, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_false(g_file_test(fixture->overlay, G_FILE_TEST_EXISTS));
	/* One that is there is somebody's disk. */
	g_assert_true(g_file_set_contents(fixture->overlay, "precious", -1, NULL));
	g_assert_false(overlay_create(fixture->overlay, fixture->base, "raw", BASE_SIZE, &error));
	g_clear_error(&error);
	g_autofree char *text = NULL;
	g_assert_true(g_file_get_contents(fixture->overlay, &text, NULL, NULL));
	g_assert_cmpuint(overlay_virtual_size(fixture->overlay, &format, &error), ==, 0);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_cmpuint(overlay_virtual_size("/nowhere", &format, &error), ==, 0);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
}

/* RLIMIT_FSIZE stands for a full disk: any user can have it. */
static void test_full(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	struct rlimit before, small;
	g_autoptr(GError) error = NULL;
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &before), ==, 0);
	small = before;
	small.rlim_cur = 100000;
	signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &small), ==, 0);
	bool ok = overlay_create(fixture->overlay, fixture->base, "raw", BASE_SIZE, &error);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &before), ==, 0);
	g_assert_false(ok);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED);
	g_assert_false(g_file_test(fixture->overlay, G_FILE_TEST_EXISTS));
}

/* Written to by QEMU, then cut short anywhere: never booted from. */
static void test_cut_short(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	g_assert_true(overlay_create(fixture->overlay, fixture->base, "raw", BASE_SIZE, &error));
	g_assert_true(overlay_check(fixture->overlay, &error));
	g_autofree char *io = run((const char *[]){"qemu-io", "-f", "qcow2", "-c", "write 1M 200k",
	    "-c", "write -z 3M 64k", "-c", "write 39M 64k", fixture->overlay, NULL});
	g_assert_nonnull(io);
	g_assert_true(overlay_check(fixture->overlay, &error));
	g_assert_no_error(error);
	GStatBuf status;
	g_assert_cmpint(g_stat(fixture->overlay, &status), ==, 0);
	/* The last cluster may end early, as QEMU leaves it. */
	for (off_t size = status.st_size - 65536; size >= 0; size -= 40000) {
		g_assert_cmpint(truncate(fixture->overlay, size), ==, 0);
		g_assert_false(overlay_check(fixture->overlay, &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT);
		g_clear_error(&error);
	}
	g_assert_false(overlay_check("/nowhere", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
}

/* Any bytes at all are read without harm. */
static void test_noise(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	uint8_t whole[4096];
	g_assert_true(overlay_create(fixture->overlay, fixture->base, "raw", BASE_SIZE, NULL));
	int fd = open(fixture->overlay, O_RDWR);
	g_assert_cmpint(pread(fd, whole, sizeof(whole), 0), ==, sizeof(whole));
	GRand *random = g_rand_new_with_seed(1);
	for (unsigned round = 0; round < 2000; round++) {
		uint8_t bytes[104];
		memcpy(bytes, whole, sizeof(bytes));
		for (unsigned i = 0; i < 4; i++)
			bytes[g_rand_int_range(random, 8, sizeof(bytes))] =
			    (uint8_t)g_rand_int(random);
		g_assert_cmpint(pwrite(fd, bytes, sizeof(bytes), 0), ==, sizeof(bytes));
		g_autoptr(GError) error = NULL;
		if (!overlay_check(fixture->overlay, &error))
			g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT);
	}
	g_rand_free(random);
	close(fd);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name)                                                                                  \
	g_test_add("/overlay/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	ADD(judged);
	ADD(large);
	ADD(errors);
	ADD(full);
	ADD(cut_short);
	ADD(noise);
	return g_test_run();
}
