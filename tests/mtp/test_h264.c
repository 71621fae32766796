/* SPDX-License-Identifier: MIT */
#include "mtp/h264.h"

#include <glib.h>
#include <string.h>

/* 720x1440, as x264 makes it: high profile, no reordering. */
#define SPS                                                                                        \
	"\0\0\0\1\x67\x64\x00\x20\xac\xb4\x05\xa0\x5a\xd3\x70\x20\x20\x64\x00\x00\x03\x00\x04\x00" \
	"\x00\x03\x00\xca\x3c\x60\xca\x80"
#define PPS "\0\0\0\1\x68\xef\x0b\xcb"
#define IDR "\0\0\1\x65\x88\x84"
#define SLICE "\0\0\0\1\x41\x9a\x26"

static bool check(const char *bytes, size_t n, bool key)
{
	/* Of exactly this size, so that a sanitizer sees a read behind it. */
	g_autofree uint8_t *unit = g_memdup2(bytes, n);
	return mtp_h264_is_valid(unit, n, key, 720, 1440);
}
#define CHECK(literal, key) check(literal, sizeof(literal) - 1, key)

static void test_units(void)
{
	g_assert_true(CHECK(SPS PPS IDR, true));
	g_assert_true(CHECK(SPS PPS IDR IDR, true));
	g_assert_true(CHECK(SLICE, false));
	/* Key and delta are what they say. */
	g_assert_false(CHECK(SPS PPS IDR, false));
	g_assert_false(CHECK(SLICE, true));
	g_assert_false(CHECK(SPS PPS SLICE, true));
	g_assert_false(CHECK(IDR, true));
	g_assert_false(CHECK(SPS IDR, true));
	g_assert_false(CHECK(SPS PPS, true));
	/* SEI, AUD, data partitions, something before the first start code, nothing. */
	g_assert_false(CHECK(SPS PPS "\0\0\1\x06\x05" IDR, true));
	g_assert_false(CHECK("\0\0\1\x09\xf0" SLICE, false));
	g_assert_false(CHECK("\0\0\1\x42\x05", false));
	g_assert_false(CHECK("xxxxx" SLICE, false));
	g_assert_false(CHECK("", false));
	g_assert_false(CHECK("\0\0\1", false));
}

static void test_size(void)
{
	static const char unit[] = SPS PPS IDR;
	g_assert_false(mtp_h264_is_valid((const uint8_t *)unit, sizeof unit - 1, true, 720, 1438));
	g_assert_false(mtp_h264_is_valid((const uint8_t *)unit, sizeof unit - 1, true, 704, 1440));
	/* Cut off at any byte, and with any bit of the parameter set turned: no crash, and no other
	 * size is let through because of the profile. */
	for (size_t n = 0; n < sizeof unit - 7; n++)
		g_assert_false(check(unit, n, true));
	for (size_t bit = 5 * 8; bit < 6 * 8; bit++) {
		char bytes[sizeof unit];
		memcpy(bytes, unit, sizeof unit);
		bytes[bit / 8] ^= (char)(1 << bit % 8);
		g_assert_false(check(bytes, sizeof unit - 1, true));
	}
	/* Exponential Golomb codes that never end. */
	g_assert_false(CHECK("\0\0\1\x67\x64\x01\x20\x80\0\0\3\0\0\3\0\0\3\0" PPS IDR, true));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mtp/h264/units", test_units);
	g_test_add_func("/mtp/h264/size", test_size);
	return g_test_run();
}
