/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/guest_mode.h"

#include <glib.h>

#define S G_USEC_PER_SEC

static const struct mtp_terminal handset = {
    .width = 1080, .height = 2160, .dpi = 400, .mode = MTP_MODE_TAKE};

static void check_runs(struct guest_mode *m, int64_t now, unsigned width, unsigned height)
{
	struct guest_mode_size size;
	g_assert_cmpint(guest_mode_due(m), ==, now);
	g_assert_false(guest_mode_run(m, now - 1, &size));
	g_assert_true(guest_mode_run(m, now, &size));
	g_assert_cmpuint(size.width, ==, width);
	g_assert_cmpuint(size.height, ==, height);
	g_assert_cmpint(guest_mode_due(m), ==, GUEST_MODE_NEVER);
}

static void test_follows(void)
{
	struct guest_mode m;
	guest_mode_init(&m, 720, 1440, 2400000);
	g_assert_cmpint(guest_mode_due(&m), ==, GUEST_MODE_NEVER);
	guest_mode_follow(&m, &handset, 0);
	check_runs(&m, GUEST_MODE_SETTLE_US, 1080, 2160);
	g_assert_cmpuint(m.asked.dpi, ==, 400);
	/* The guest obeys, or does not: it is not asked again. */
	guest_mode_shown(&m, 1080, 2160, S);
	guest_mode_follow(&m, &handset, S);
	g_assert_cmpint(guest_mode_due(&m), ==, GUEST_MODE_NEVER);
	/* The picture is turned on its way: it is the phone that stands upright. */
	struct mtp_terminal lies = {
	    .width = 1200, .height = 600, .rotation = 1, .mode = MTP_MODE_TAKE};
	guest_mode_follow(&m, &lies, 10 * S);
	check_runs(&m, 10 * S + GUEST_MODE_SETTLE_US, 600, 1200);
	/* It leaves: not at once, and a return within that time costs nothing. */
	guest_mode_follow(&m, NULL, 20 * S);
	guest_mode_follow(&m, &lies, 21 * S);
	g_assert_cmpint(guest_mode_due(&m), ==, GUEST_MODE_NEVER);
	guest_mode_follow(&m, NULL, 30 * S);
	check_runs(&m, 30 * S + GUEST_MODE_RETURN_US, 720, 1440);
}

static void test_keeps(void)
{
	struct guest_mode m;
	struct mtp_terminal window = handset;
	window.mode = MTP_MODE_KEEP;
	guest_mode_init(&m, 720, 1440, 2400000);
	guest_mode_follow(&m, &window, S);
	g_assert_cmpint(guest_mode_due(&m), ==, GUEST_MODE_NEVER);
	/* Full screen, and back. */
	guest_mode_follow(&m, &handset, S);
	guest_mode_follow(&m, &window, S);
	g_assert_cmpint(guest_mode_due(&m), ==, GUEST_MODE_NEVER);
	/* By configuration. */
	guest_mode_init(&m, 720, 1440, 0);
	guest_mode_follow(&m, &handset, S);
	guest_mode_shown(&m, 640, 480, S);
	g_assert_cmpint(guest_mode_due(&m), ==, GUEST_MODE_NEVER);
}

/* One that changes all the time gets what it wanted last, every two seconds at most. */
static void test_rate(void)
{
	struct guest_mode m;
	struct guest_mode_size size;
	unsigned changes = 0;
	guest_mode_init(&m, 720, 1440, 2400000);
	for (unsigned i = 0; i < 1000; i++) {
		struct mtp_terminal t = handset;
		int64_t now = i * 250 * INT64_C(1000);
		t.width = (uint16_t)(600 + i % 100);
		guest_mode_follow(&m, &t, now);
		changes += guest_mode_run(&m, now + 249999, &size);
	}
	g_assert_cmpuint(changes, >, 100);
	g_assert_cmpuint(changes, <=, 126);
}

/* What a worker before has left behind is taken back. */
static void test_left_behind(void)
{
	struct guest_mode m;
	guest_mode_init(&m, 720, 1440, 2400000);
	guest_mode_shown(&m, 1080, 2160, S);
	check_runs(&m, S + GUEST_MODE_SETTLE_US, 720, 1440);
	/* Or not, if somebody wants it by now. */
	guest_mode_init(&m, 720, 1440, 2400000);
	guest_mode_shown(&m, 1080, 2160, S);
	guest_mode_follow(&m, &handset, S);
	check_runs(&m, S + GUEST_MODE_SETTLE_US, 1080, 2160);
}

/* It has its own size again however often somebody looks in, and at once for one that drives. */
static void test_returns(void)
{
	struct guest_mode m;
	guest_mode_init(&m, 720, 1440, 2400000);
	guest_mode_follow(&m, &handset, S);
	check_runs(&m, S + GUEST_MODE_SETTLE_US, 1080, 2160);
	guest_mode_follow(&m, NULL, 10 * S);
	guest_mode_follow(&m, NULL, 12 * S);
	g_assert_cmpint(guest_mode_due(&m), ==, 10 * S + GUEST_MODE_RETURN_US);
	struct mtp_terminal keeps = handset;
	keeps.mode = MTP_MODE_KEEP;
	guest_mode_follow(&m, &keeps, 13 * S);
	check_runs(&m, 13 * S + GUEST_MODE_SETTLE_US, 720, 1440);
	guest_mode_follow(&m, NULL, 14 * S);
	g_assert_cmpint(guest_mode_due(&m), ==, GUEST_MODE_NEVER);
}

static void check_fits(unsigned width, unsigned height, unsigned want_width, unsigned want_height)
{
	struct guest_mode m;
	const struct mtp_terminal t = {
	    .width = (uint16_t)width, .height = (uint16_t)height, .mode = MTP_MODE_TAKE};
	guest_mode_init(&m, 720, 1440, 2400000);
	guest_mode_follow(&m, &t, 0);
	g_assert_cmpuint(m.wanted.width, ==, want_width);
	g_assert_cmpuint(m.wanted.height, ==, want_height);
}

static void test_limits(void)
{
	check_fits(320, 320, 320, 320);
	check_fits(413, 777, 413, 777);
	/* By whole factors, so that the terminal's pixels are whole ones of the phone's. */
	check_fits(160, 300, 320, 600);
	check_fits(1440, 3120, 720, 1560);
	check_fits(3840, 2160, 1920, 1080);
	/* What no phone can be: its own. */
	check_fits(0, 800, 720, 1440);
	check_fits(1, 1, 320, 320);
	check_fits(1, 65535, 720, 1440);
	check_fits(65535, 300, 720, 1440);
	check_fits(65535, 65535, 1524, 1524);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/guest-mode/follows", test_follows);
	g_test_add_func("/guest-mode/keeps", test_keeps);
	g_test_add_func("/guest-mode/rate", test_rate);
	g_test_add_func("/guest-mode/left-behind", test_left_behind);
	g_test_add_func("/guest-mode/returns", test_returns);
	g_test_add_func("/guest-mode/limits", test_limits);
	return g_test_run();
}
