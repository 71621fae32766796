/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/roughness.h"

#include <glib.h>
#include <math.h>

/* A line that is known to deliver so many bytes a second. */
static struct delivery line_of(double rate)
{
	return (struct delivery){.rate = rate, .rtt_us = 50000};
}

/* What an encoder makes of a picture, when six steps halve it. */
static size_t picture_bytes(const struct roughness *r, double best)
{
	return (size_t)(best * exp2(-(double)roughness_steps(r) / 6));
}

static void send_pictures(struct roughness *r, double rate, double best, unsigned n)
{
	struct delivery line = line_of(rate);
	for (unsigned i = 0; i < n; i++)
		roughness_sent(r, &line, picture_bytes(r, best), true);
}

static void test_settles(void)
{
	struct roughness r = {0};
	/* An ample line: nothing is lost. */
	send_pictures(&r, 1e6, 20000, 50);
	g_assert_cmpuint(roughness_steps(&r), ==, 0);
	/* A quarter of what it takes: two doublings, and it stays there. */
	send_pictures(&r, 50000, 20000, 50);
	g_assert_cmpuint(roughness_steps(&r), >=, 11);
	g_assert_cmpuint(roughness_steps(&r), <=, 13);
	/* The thinnest: there is an end to it. */
	send_pictures(&r, 1000, 20000, 50);
	g_assert_cmpuint(roughness_steps(&r), ==, ROUGHNESS_MAX);
	/* Ample again. */
	send_pictures(&r, 1e6, 20000, 50);
	g_assert_cmpuint(roughness_steps(&r), ==, 0);
}

/* Neither way by more than the eye forgives; down, towards better, slower than up. */
static void test_smooth(void)
{
	struct roughness r = {0};
	unsigned last = 0;
	for (unsigned i = 0; i < 200; i++) {
		send_pictures(&r, i / 50 % 2 ? 1e6 : 10000, 20000, 1);
		unsigned now = roughness_steps(&r);
		g_assert_cmpint((int)now - (int)last, <=, 6);
		g_assert_cmpint((int)last - (int)now, <=, 1);
		last = now;
	}
}

static void test_unknown(void)
{
	struct roughness r = {0};
	struct delivery line = line_of(0);
	roughness_sent(&r, &line, 1 << 20, true);
	g_assert_cmpuint(roughness_steps(&r), ==, 0);
	/* The parts of a picture count together, and only once it is whole. */
	line = line_of(50000);
	for (unsigned i = 0; i < 3; i++) {
		roughness_sent(&r, &line, 2500, false);
		g_assert_cmpuint(roughness_steps(&r), ==, 0);
	}
	roughness_sent(&r, &line, 2500, true);
	g_assert_cmpuint(roughness_steps(&r), ==, 6);
	/* A picture without anything that could be rougher says nothing. */
	roughness_sent(&r, &line, 0, true);
	g_assert_cmpuint(roughness_steps(&r), ==, 6);
}

static void test_jpeg(void)
{
	g_assert_cmpint(roughness_jpeg_quality(85, 0), ==, 85);
	g_assert_cmpint(roughness_jpeg_quality(85, 6), ==, 70);
	g_assert_cmpint(roughness_jpeg_quality(85, 12), ==, 41);
	for (unsigned steps = 1; steps <= ROUGHNESS_MAX; steps++) {
		int quality = roughness_jpeg_quality(85, steps);
		g_assert_cmpint(quality, <, roughness_jpeg_quality(85, steps - 1));
		g_assert_cmpint(quality, >=, 10);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/roughness/settles", test_settles);
	g_test_add_func("/roughness/smooth", test_smooth);
	g_test_add_func("/roughness/unknown", test_unknown);
	g_test_add_func("/roughness/jpeg", test_jpeg);
	return g_test_run();
}
