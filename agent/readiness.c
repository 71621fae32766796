/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/readiness.h"

#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define FILE_INTERVAL_MS 50
#define SHELL_INTERVAL_MS 500

void readiness_init(struct readiness *readiness, const struct readiness_config *config)
{
	*readiness =
	    (struct readiness){.config = config, .stage = READINESS_BOOTING, .idle_since_ms = -1};
}

const char *readiness_stage_name(enum readiness_stage stage)
{
	static const char *const names[] = {"booting", "session", "shell", "settling", "ready"};
	return names[stage];
}

int readiness_interval_ms(const struct readiness *readiness)
{
	if (readiness->stage == READINESS_READY)
		return -1;
	return readiness->config->ready_file ? FILE_INTERVAL_MS : SHELL_INTERVAL_MS;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static bool compositor_is_up(const char *runtime_dir)
{
	char pattern[256];
	int n = snprintf(pattern, sizeof(pattern), "%s/wayland-[0-9]", runtime_dir);
	if (n < 0 || (size_t)n >= sizeof(pattern))
		return false;
	glob_t found;
	bool up = glob(pattern, GLOB_NOSORT, NULL, &found) == 0 && found.gl_pathc > 0;
	globfree(&found);
	return up;
}

/* The first line of /proc/stat, proc(5): user nice system idle iowait irq softirq steal, all in
 * ticks since boot. Waiting for a disk is not idle. */
static bool read_ticks(const char *path, uint64_t *idle, uint64_t *total)
{
	uint64_t t[8];
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	int n = fscanf(file,
	    "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
	    " %" SCNu64,
	    &t[0], &t[1], &t[2], &t[3], &t[4], &t[5], &t[6], &t[7]);
	fclose(file);
	if (n != 8)
		return false;
	*idle = t[3];
	*total = 0;
	for (int i = 0; i < 8; i++)
		*total += t[i];
	return true;
}

/* Idle since the last look? The first look only remembers. */
static bool was_idle(struct readiness *r)
{
	uint64_t idle, total, idle_before = r->idle_ticks, total_before = r->total_ticks;
	if (!read_ticks(r->config->proc_stat, &idle, &total))
		return false;
	r->idle_ticks = idle;
	r->total_ticks = total;
	if (total_before == 0 || total <= total_before || idle < idle_before)
		return false;
	return (idle - idle_before) * 100 >= (total - total_before) * r->config->idle_percent;
}

static bool has_settled(struct readiness *r, int64_t now_ms)
{
	if (!was_idle(r))
		r->idle_since_ms = -1;
	else if (r->idle_since_ms < 0)
		r->idle_since_ms = now_ms;
	if (r->idle_since_ms >= 0 && now_ms - r->idle_since_ms >= r->config->idle_ms)
		return true;
	return now_ms - r->settling_since_ms >= r->config->settle_max_ms;
}

bool readiness_step(struct readiness *r, int64_t now_ms)
{
	const struct readiness_config *config = r->config;
	enum readiness_stage before = r->stage;
	if (config->ready_file) {
		if (exists(config->ready_file))
			r->stage = READINESS_READY;
		return r->stage != before;
	}
	switch (r->stage) {
	case READINESS_BOOTING:
		if (compositor_is_up(config->runtime_dir))
			r->stage = READINESS_SESSION;
		break;
	case READINESS_SESSION:
		if (exists(config->shell_marker))
			r->stage = READINESS_SHELL;
		break;
	case READINESS_SHELL:
		r->stage = READINESS_SETTLING;
		r->settling_since_ms = now_ms;
		break;
	case READINESS_SETTLING:
		if (has_settled(r, now_ms))
			r->stage = READINESS_READY;
		break;
	case READINESS_READY:
		break;
	}
	return r->stage != before;
}
