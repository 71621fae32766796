/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The way from booting to ready, with the test's own clock and /proc/stat. */
#include "agent/readiness.h"

#include <glib.h>
#include <glib/gstdio.h>

struct machine {
	char *root, *stat, *marker, *socket, *ready_file;
	struct readiness_config config;
	struct readiness readiness;
	unsigned busy, idle; /* ticks so far */
};

static void set_up(struct machine *m, gconstpointer data)
{
	(void)data;
	m->root = g_dir_make_tmp("readiness.XXXXXX", NULL);
	m->stat = g_build_filename(m->root, "stat", NULL);
	m->marker = g_build_filename(m->root, "shell-ready", NULL);
	m->socket = g_build_filename(m->root, "wayland-0", NULL);
	m->ready_file = g_build_filename(m->root, "drawn", NULL);
	m->config = (struct readiness_config){
	    .runtime_dir = m->root,
	    .shell_marker = m->marker,
	    .proc_stat = m->stat,
	    .idle_percent = 90,
	    .idle_ms = 2000,
	    .settle_max_ms = 60000,
	};
	m->busy = m->idle = 1000;
	readiness_init(&m->readiness, &m->config);
}

static void tear_down(struct machine *m, gconstpointer data)
{
	char *const paths[] = {m->stat, m->marker, m->socket, m->ready_file};
	(void)data;
	for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_unlink(paths[i]);
		g_free(paths[i]);
	}
	g_assert_cmpint(g_rmdir(m->root), ==, 0);
	g_free(m->root);
}

static void make(const char *path)
{
	g_assert_true(g_file_set_contents(path, "", -1, NULL));
}

static void spend(struct machine *m, unsigned busy, unsigned idle)
{
	m->busy += busy;
	m->idle += idle;
	g_autofree char *text = g_strdup_printf(
	    "cpu  %u 0 0 %u 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\n", m->busy, m->idle);
	g_assert_true(g_file_set_contents(m->stat, text, -1, NULL));
}

static void go_to_settling(struct machine *m)
{
	make(m->socket);
	make(m->marker);
	for (int i = 0; i < 3; i++)
		g_assert_true(readiness_step(&m->readiness, 0));
	g_assert_cmpint(m->readiness.stage, ==, READINESS_SETTLING);
}

static void test_stages_in_order(struct machine *m, gconstpointer data)
{
	struct readiness *r = &m->readiness;
	(void)data;
	g_assert_false(readiness_step(r, 0));
	g_assert_cmpstr(readiness_stage_name(r->stage), ==, "booting");
	make(m->marker); /* a stale marker alone is no session */
	g_assert_false(readiness_step(r, 0));
	make(m->socket);
	g_assert_true(readiness_step(r, 0));
	g_assert_cmpstr(readiness_stage_name(r->stage), ==, "session");
	g_assert_true(readiness_step(r, 0));
	g_assert_cmpstr(readiness_stage_name(r->stage), ==, "shell");
	g_assert_true(readiness_step(r, 0));
	g_assert_cmpstr(readiness_stage_name(r->stage), ==, "settling");
	g_assert_cmpint(readiness_interval_ms(r), >, 0);
}

static void test_settles_when_idle_long_enough(struct machine *m, gconstpointer data)
{
	int64_t now = 1000;
	(void)data;
	go_to_settling(m);
	for (int i = 0; i < 10; i++, now += 500) { /* busy */
		spend(m, 25, 25);
		g_assert_false(readiness_step(&m->readiness, now));
	}
	for (int i = 0; i < 4; i++, now += 500) { /* idle, but not for long enough, ... */
		spend(m, 2, 48);
		g_assert_false(readiness_step(&m->readiness, now));
	}
	spend(m, 30, 20); /* ... and busy again */
	g_assert_false(readiness_step(&m->readiness, now));
	for (int i = 0; i < 4; i++) {
		spend(m, 1, 49);
		g_assert_false(readiness_step(&m->readiness, now += 500));
	}
	spend(m, 1, 49);
	g_assert_true(readiness_step(&m->readiness, now += 500));
	g_assert_cmpint(m->readiness.stage, ==, READINESS_READY);
	g_assert_cmpint(readiness_interval_ms(&m->readiness), ==, -1);
	g_assert_false(readiness_step(&m->readiness, now + 500));
}

static void test_never_idle_is_bounded(struct machine *m, gconstpointer data)
{
	(void)data;
	go_to_settling(m);
	spend(m, 50, 0);
	g_assert_false(readiness_step(&m->readiness, 59999));
	spend(m, 50, 0);
	g_assert_true(readiness_step(&m->readiness, 60000));
	g_assert_cmpint(m->readiness.stage, ==, READINESS_READY);
}

static void test_unreadable_stat_is_not_idle(struct machine *m, gconstpointer data)
{
	(void)data;
	go_to_settling(m);
	for (int64_t now = 0; now < 30000; now += 500) {
		g_assert_true(
		    g_file_set_contents(m->stat, now % 1000 ? "cpu 1 2" : "garbage", -1, NULL));
		g_assert_false(readiness_step(&m->readiness, now));
	}
}

static void test_ready_file(struct machine *m, gconstpointer data)
{
	(void)data;
	m->config.ready_file = m->ready_file;
	make(m->socket);
	g_assert_false(readiness_step(&m->readiness, 0));
	g_assert_cmpint(readiness_interval_ms(&m->readiness), >, 0);
	make(m->ready_file);
	g_assert_true(readiness_step(&m->readiness, 0));
	g_assert_cmpint(m->readiness.stage, ==, READINESS_READY);
}

#define ADD(name, function)                                                                        \
	g_test_add("/agent/readiness/" name, struct machine, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("stages-in-order", test_stages_in_order);
	ADD("settles", test_settles_when_idle_long_enough);
	ADD("never-idle-is-bounded", test_never_idle_is_bounded);
	ADD("unreadable-stat", test_unreadable_stat_is_not_idle);
	ADD("ready-file", test_ready_file);
	return g_test_run();
}
