/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/devices.h"

#include "common/error.h"

static void test_built_in(void)
{
	AUTO(devices) devices = devices_new_built_in();
	g_assert_cmpuint(devices_count(devices), >=, 100);
	const struct device *device = devices_find(devices, "pixel 6");
	g_assert_nonnull(device);
	g_assert_cmpuint(device->width, ==, 1080);
	g_assert_cmpuint(device->height, ==, 2400);
	g_assert_true(devices_find(devices, "ORIOLE") == device);
	device = devices_find(devices, "iPhone14,5");
	g_assert_cmpuint(device->width, ==, 1170);
	g_assert_cmpuint(device->dpi, ==, 460);
	g_assert_null(devices_find(devices, ""));
	g_assert_null(devices_find(devices, "# Apple"));
}

static void check_refused(const char *text, const char *why)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(devices_new(text, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	if (!strstr(error->message, why))
		g_error("'%s' says '%s'", text, error->message);
}

static void test_refused(void)
{
	check_refused("1 1 100 1 s a\n\n2 2 100 1 s b; A\n", "line 3: 'A' is there twice");
	check_refused("1 1 100 1 s a; a", "'a' is there twice");
	check_refused("# fine\n1 1 100 1 s", "line 2");
	check_refused("wide 1 100 1 s a", "not 'width");
	check_refused("0 1 100 1 s a", "no screen");
	check_refused("8193 1 100 1 s a", "no screen");
	check_refused("1 1 100 11 s a", "no screen");
	check_refused("1 1 4 1 s a", "no screen");
	check_refused("-1 1 100 1 s a", "no screen");
	check_refused("1 1 100 1 s a;;b", "a name is empty");
	check_refused("1 1 100 1 s \xff", "not UTF-8");
	g_autofree char *name = g_strnfill(MTP_MAX_MODEL + 1, 'x');
	g_autofree char *line = g_strconcat("1 1 100 1 s ", name, NULL);
	check_refused(line, "longer than 64");
}

static void test_complete(void)
{
	AUTO(devices) devices = devices_new("720 1440 320 5 s Example One; ex1\n", NULL);
	struct mtp_terminal silent = {.scaling = MTP_SCALING_SHRINK},
	                    told = {.width = 1, .height = 2}, turned = {.rotation = 1, .dpi = 7};
	devices_complete(devices, "EX1", &silent);
	g_assert_cmpuint(silent.width, ==, 720);
	g_assert_cmpuint(silent.height, ==, 1440);
	g_assert_cmpuint(silent.dpi, ==, 320);
	g_assert_cmpuint(silent.scaling, ==, MTP_SCALING_SHRINK);
	devices_complete(devices, "ex1", &told); /* what it says itself is true */
	g_assert_cmpuint(told.width, ==, 1);
	g_assert_cmpuint(told.dpi, ==, 0);
	devices_complete(devices, "ex1", &turned);
	g_assert_cmpuint(turned.width, ==, 1440);
	g_assert_cmpuint(turned.dpi, ==, 7);
}

/* Each once, in a form that no log is broken by, and not without end. */
static void test_unknown(void)
{
	AUTO(devices) devices = devices_new("", NULL);
	struct mtp_terminal terminal = {0};
	g_test_expect_message(NULL, G_LOG_LEVEL_MESSAGE, "*\"a\\nb\\033\"*not in devices.txt");
	devices_complete(devices, "a\nb\033", &terminal);
	g_test_assert_expected_messages();
	g_assert_cmpuint(terminal.width, ==, 0);
	for (unsigned i = 0; i < 3 * DEVICES_UNKNOWN_MAX; i++) {
		g_autofree char *model = g_strdup_printf("model %u", i);
		if (i < DEVICES_UNKNOWN_MAX - 1)
			g_test_expect_message(NULL, G_LOG_LEVEL_MESSAGE, "*\"model *");
		devices_complete(devices, model, &terminal);
		devices_complete(devices, "A\nB\033", &terminal);
		devices_complete(devices, model, &terminal);
		g_test_assert_expected_messages();
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/devices/built-in", test_built_in);
	g_test_add_func("/devices/refused", test_refused);
	g_test_add_func("/devices/complete", test_complete);
	g_test_add_func("/devices/unknown", test_unknown);
	return g_test_run();
}
