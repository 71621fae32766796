/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/rdp/scancode.h"

#include <glib.h>
#include <linux/input-event-codes.h>

static void test_plain(void)
{
	g_assert_cmpuint(scancode_to_evdev(0x01, false), ==, KEY_ESC);
	g_assert_cmpuint(scancode_to_evdev(0x1c, false), ==, KEY_ENTER);
	g_assert_cmpuint(scancode_to_evdev(0x25, false), ==, KEY_K);
	g_assert_cmpuint(scancode_to_evdev(0x53, false), ==, KEY_KPDOT);
	g_assert_cmpuint(scancode_to_evdev(0x56, false), ==, KEY_102ND);
	g_assert_cmpuint(scancode_to_evdev(0x58, false), ==, KEY_F12);
}

static void test_extended(void)
{
	g_assert_cmpuint(scancode_to_evdev(0x1c, true), ==, KEY_KPENTER);
	g_assert_cmpuint(scancode_to_evdev(0x48, true), ==, KEY_UP);
	g_assert_cmpuint(scancode_to_evdev(0x53, true), ==, KEY_DELETE);
	g_assert_cmpuint(scancode_to_evdev(0x30, true), ==, KEY_VOLUMEUP);
	g_assert_cmpuint(scancode_to_evdev(0x6a, true), ==, KEY_BACK);
}

static void test_none(void)
{
	g_assert_cmpuint(scancode_to_evdev(0, false), ==, 0);
	g_assert_cmpuint(scancode_to_evdev(0x54, false), ==, 0);
	g_assert_cmpuint(scancode_to_evdev(0x59, false), ==, 0);
	g_assert_cmpuint(scancode_to_evdev(0xff, false), ==, 0);
	g_assert_cmpuint(scancode_to_evdev(0x25, true), ==, 0);
	g_assert_cmpuint(scancode_to_evdev(0x80, true), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/scancode/plain", test_plain);
	g_test_add_func("/scancode/extended", test_extended);
	g_test_add_func("/scancode/none", test_none);
	return g_test_run();
}
