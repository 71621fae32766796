/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "qvisor/folder.h"
#include "qvisor/template_holder.h"

static void record(const char *state, const char *template)
{
	g_autofree char *phone = g_build_filename(state, "uuid", NULL);
	g_autofree char *path = g_build_filename(phone, "phone.json", NULL);
	g_autofree char *text = g_strdup_printf("{\"template_folder\": \"%s\"}", template);
	g_mkdir(phone, 0700);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void forget(const char *state)
{
	g_autofree char *phone = g_build_filename(state, "uuid", NULL);
	folder_delete(phone, NULL);
}

static void test_holders(void)
{
	g_autofree char *work = g_dir_make_tmp("qvmi-holder-XXXXXX", NULL);
	g_autofree char *template = g_build_filename(work, "tiny-0123", NULL);
	g_autofree char *one = g_build_filename(work, "one", NULL);
	g_autofree char *two = g_build_filename(work, "two", NULL);
	g_mkdir(template, 0700);
	g_mkdir(one, 0700);
	g_mkdir(two, 0700);
	g_assert_null(template_holder_find(template));

	/* A name without a phone is of nobody, and a phone of a longer name is another's. */
	template_holder_add(template, one);
	template_holder_add(template, one);
	g_assert_null(template_holder_find(template));
	record(one, "tiny-01234");
	g_assert_null(template_holder_find(template));
	record(one, "tiny-0123");
	g_autofree char *found = template_holder_find(template);
	g_assert_cmpstr(found, ==, one);

	/* It is not taken away while its phone is there, nor with somebody else's. */
	template_holder_add(template, two);
	template_holder_remove(template, one);
	template_holder_remove(template, two);
	g_autofree char *still = template_holder_find(template);
	g_assert_cmpstr(still, ==, one);
	forget(one);
	template_holder_remove(template, one);
	record(one, "tiny-0123");
	g_assert_null(template_holder_find(template));

	/* Deleted with its phones, and with it the links. */
	template_holder_add(template, one);
	forget(one);
	g_rmdir(one);
	g_assert_null(template_holder_find(template));
	g_assert_true(folder_delete(template, NULL));
	g_rmdir(two);
	g_assert_cmpint(g_rmdir(work), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/template-holder/holders", test_holders);
	return g_test_run();
}
