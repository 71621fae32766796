/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/translation.h"

#include <glib.h>

static void test_qemu_10(void)
{
	struct translation translation;
	g_assert_true(translation_parse("Accelerator settings:\none-insn-per-tb: off\n\n"
	                                "Translation buffer state:\n"
	                                "gen code size       31473059/67103744\n"
	                                "TB count            55921\n"
	                                "TB avg target size  16 max=2732 bytes\n"
	                                "cross page TB count 148 (0%)\n"
	                                "direct jump count   32406 (57%) (2 jumps=27682 49%)\n\n"
	                                "Statistics:\nTB flush count      1\n"
	                                "TB invalidate count 163\n",
	    &translation));
	g_assert_cmpuint(translation.code_bytes, ==, 31473059);
	g_assert_cmpuint(translation.room_bytes, ==, 67103744);
	g_assert_cmpuint(translation.blocks, ==, 55921);
	g_assert_cmpuint(translation.flushes, ==, 1);
}

static void test_something_else(void)
{
	static const char *const texts[] = {"", "gen code size", "gen code size 1",
	    "gen code size 1/", "gen code size 1/2", "gen code size 1/2\nTB count 3",
	    "gen code size x/2\nTB count 3\nTB flush count 4",
	    "gen code size 1/2\nTB count 3\nTB flush count "};
	struct translation translation;
	for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++)
		g_assert_false(translation_parse(texts[i], &translation));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/translation/qemu-10", test_qemu_10);
	g_test_add_func("/translation/something-else", test_something_else);
	return g_test_run();
}
