/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/progress.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 30

struct progress {
	char *what, *stage;
	gint64 started;
	bool terminal, drawn;
};

struct progress *progress_new(const char *what)
{
	struct progress *progress = g_new0(struct progress, 1);

	progress->what = g_strdup(what);
	progress->started = g_get_monotonic_time();
	progress->terminal = isatty(STDERR_FILENO) && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
	return progress;
}

static double seconds(const struct progress *progress)
{
	return (g_get_monotonic_time() - progress->started) / 1e6;
}

void progress_update(struct progress *progress, double fraction, const char *stage)
{
	char bar[BAR_WIDTH + 1];
	int filled = (int)(CLAMP(fraction, 0, 1) * BAR_WIDTH);
	bool same = g_strcmp0(progress->stage, stage) == 0;

	if (!same) {
		g_free(progress->stage);
		progress->stage = g_strdup(stage);
	}
	if (!progress->terminal) {
		if (!same && *stage)
			fprintf(stderr, "%s: %s (%.0f %%, %.0f s)\n", progress->what, stage,
			    fraction * 100, seconds(progress));
		return;
	}
	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '=', filled);
	bar[BAR_WIDTH] = 0;
	fprintf(stderr, "\r\033[K%s [%s] %3.0f %% %s %.0f s", progress->what, bar, fraction * 100,
	    stage, seconds(progress));
	fflush(stderr);
	progress->drawn = true;
}

void progress_end(struct progress *progress, const char *how)
{
	fprintf(stderr, "%s%s: %s (%.1f s)\n", progress->drawn ? "\r\033[K" : "", progress->what,
	    how, seconds(progress));
	progress->drawn = false;
}

void progress_free(struct progress *progress)
{
	if (!progress)
		return;
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	g_free(progress->what);
	g_free(progress->stage);
	g_free(progress);
}
