/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The probe with the real QEMU under TCG, and the decision with programs that stand for QEMU. */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/accelerator.h"

struct fixture {
	char *folder, *qemu, *count;
};

static void set_up(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->folder = g_dir_make_tmp("qvmi-accelerator-XXXXXX", NULL);
	fixture->qemu = g_build_filename(fixture->folder, "qemu", NULL);
	fixture->count = g_build_filename(fixture->folder, "count", NULL);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autofree char *cache = g_build_filename(fixture->folder, "accelerator.json", NULL);
	g_unlink(cache);
	g_unlink(fixture->qemu);
	g_unlink(fixture->count);
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_free(fixture->folder);
	g_free(fixture->qemu);
	g_free(fixture->count);
}

/* A program that counts its runs and then does as it is told. */
static void stand_in(struct fixture *fixture, const char *does)
{
	g_autofree char *text =
	    g_strdup_printf("#!/bin/sh\necho x >>%s\n%s\n", fixture->count, does);
	g_assert_true(g_file_set_contents(fixture->qemu, text, -1, NULL));
	g_assert_cmpint(g_chmod(fixture->qemu, 0700), ==, 0);
}

static unsigned runs(struct fixture *fixture)
{
	g_autofree char *text = NULL;
	gsize n = 0;
	return g_file_get_contents(fixture->count, &text, &n, NULL) ? n / 2 : 0;
}

static void test_real_tcg(struct fixture *fixture, gconstpointer data)
{
	(void)fixture, (void)data;
	g_autoptr(GError) error = NULL;
	g_autofree char *version = qemu_version("qemu-system-x86_64", &error);
	g_assert_no_error(error);
	g_assert_cmpint(g_ascii_strtoull(version, NULL, 10), >=, 7);
	g_assert_true(accelerator_probe("qemu-system-x86_64", "tcg", "max,la57=off", &error));
	g_assert_no_error(error);
	/* and it notices what does not work */
	g_assert_false(accelerator_probe("qemu-system-x86_64", "tcg", "no-such-cpu", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	g_assert_nonnull(strstr(error->message, "no-such-cpu"));
}

static void test_outcomes(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	stand_in(fixture, "exit 85");
	g_assert_true(accelerator_probe(fixture->qemu, "kvm", "host", &error));
	/* A guest that merely ends has not run our code. */
	stand_in(fixture, "exit 0");
	g_assert_false(accelerator_probe(fixture->qemu, "kvm", "host", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	g_clear_error(&error);
	stand_in(fixture, "echo 'qemu: error: failed to set MSR 0x10a' >&2; kill -ABRT $$");
	g_assert_false(accelerator_probe(fixture->qemu, "kvm", "host", &error));
	g_assert_cmpstr(error->message, ==, "probe failed: failed to set MSR 0x10a");
	g_clear_error(&error);
	stand_in(fixture, "exec sleep 60");
	g_assert_false(accelerator_probe(fixture->qemu, "kvm", "host", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_TIMEOUT);
	g_assert_cmpstr(error->message, ==, "probe timed out after 5 s");
}

static void test_decision(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	stand_in(fixture, "echo 'error: not here' >&2; exit 1");
	AUTO(accelerator)
	tcg = accelerator_find("tcg", fixture->qemu, "1", fixture->folder, &error);
	g_assert_cmpstr(tcg->name, ==, "tcg");
	g_assert_cmpuint(runs(fixture), ==, 0);
	g_assert_null(accelerator_find("xen", fixture->qemu, "1", fixture->folder, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_clear_error(&error);

	/* Whether /dev/kvm is not there, may not be opened, or fails: auto goes on with a reason,
	 * kvm does not. */
	AUTO(accelerator)
	found = accelerator_find("auto", fixture->qemu, "1", fixture->folder, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(found->name, ==, "tcg");
	g_assert_true(g_str_has_prefix(found->reason, "kvm: unusable ("));
	g_assert_null(accelerator_find("kvm", fixture->qemu, "1", fixture->folder, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	g_clear_error(&error);
	if (access("/dev/kvm", R_OK | W_OK))
		return;
	/* One probe for all that was asked under the same key; another QEMU is another key. */
	g_assert_cmpuint(runs(fixture), ==, 1);
	stand_in(fixture, "exit 85");
	AUTO(accelerator)
	cached = accelerator_find("auto", fixture->qemu, "1", fixture->folder, &error);
	g_assert_cmpstr(cached->name, ==, "tcg");
	AUTO(accelerator)
	newer = accelerator_find("auto", fixture->qemu, "2", fixture->folder, &error);
	g_assert_cmpstr(newer->name, ==, "kvm");
	g_assert_cmpuint(runs(fixture), ==, 2);
}

static void test_no_qemu(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	g_assert_null(qemu_version(fixture->qemu, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_assert_nonnull(strstr(error->message, "qemu-system-x86"));
	g_clear_error(&error);
	stand_in(fixture, "echo nonsense");
	g_assert_null(qemu_version(fixture->qemu, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_FAILED);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name)                                                                                  \
	g_test_add("/accelerator/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	ADD(real_tcg);
	ADD(outcomes);
	ADD(decision);
	ADD(no_qemu);
	return g_test_run();
}
