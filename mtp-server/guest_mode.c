/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/guest_mode.h"

#include <glib.h>

#define DPI_MIN 50
#define DPI_MAX 2000

static bool is_same(struct guest_mode_size a, struct guest_mode_size b)
{
	return a.width == b.width && a.height == b.height && a.dpi == b.dpi;
}

/* By whole factors only: then what the terminal is shown scales without a blur. */
static bool fit(unsigned max_pixels, struct guest_mode_size *size)
{
	unsigned narrow = MIN(size->width, size->height), wide = MAX(size->width, size->height);
	unsigned times = (GUEST_MODE_SIDE_MIN + narrow - 1) / narrow, parts = 1;
	while (wide * times / parts > GUEST_MODE_SIDE_MAX ||
	       (uint64_t)(narrow * times / parts) * (wide * times / parts) > max_pixels)
		parts++;
	size->width = size->width * times / parts;
	size->height = size->height * times / parts;
	size->dpi = size->dpi * times / parts;
	return MIN(size->width, size->height) >= GUEST_MODE_SIDE_MIN;
}

static struct guest_mode_size wanted_by(
    const struct guest_mode *m, const struct mtp_terminal *terminal)
{
	if (!terminal || terminal->mode != MTP_MODE_TAKE || !terminal->width || !terminal->height)
		return m->own;
	bool turned = terminal->rotation % 2;
	struct guest_mode_size size = {.width = turned ? terminal->height : terminal->width,
	    .height = turned ? terminal->width : terminal->height,
	    .dpi = terminal->dpi >= DPI_MIN && terminal->dpi <= DPI_MAX ? terminal->dpi : 0};
	return fit(m->max_pixels, &size) ? size : m->own;
}

static void want(struct guest_mode *m, struct guest_mode_size size, int64_t at)
{
	m->wanted = size;
	if (is_same(size, m->asked))
		m->due_us = GUEST_MODE_NEVER;
	else
		m->due_us = m->has_asked ? MAX(at, m->asked_us + GUEST_MODE_INTERVAL_US) : at;
}

void guest_mode_init(struct guest_mode *m, unsigned width, unsigned height, unsigned max_pixels)
{
	*m = (struct guest_mode){.own = {width, height, 0},
	    .wanted = {width, height, 0},
	    .asked = {width, height, 0},
	    .max_pixels = max_pixels,
	    .due_us = GUEST_MODE_NEVER};
}

void guest_mode_shown(struct guest_mode *m, unsigned width, unsigned height, int64_t now)
{
	/* A worker before us may have asked, and not lived to take it back. */
	if (m->has_asked || !m->max_pixels)
		return;
	bool driven = !is_same(m->wanted, m->own);
	m->asked.width = width;
	m->asked.height = height;
	if (!driven)
		want(m, m->own, now + GUEST_MODE_SETTLE_US);
}

void guest_mode_follow(struct guest_mode *m, const struct mtp_terminal *terminal, int64_t now)
{
	if (!m->max_pixels)
		return;
	struct guest_mode_size size = wanted_by(m, terminal);
	int64_t at = now + (terminal ? GUEST_MODE_SETTLE_US : GUEST_MODE_RETURN_US);
	/* Who wants the same sooner gets it sooner; nobody puts it off by coming and going. */
	if (!is_same(size, m->wanted) || at < m->due_us)
		want(m, size, at);
}

int64_t guest_mode_due(const struct guest_mode *m)
{
	return m->due_us;
}

bool guest_mode_run(struct guest_mode *m, int64_t now, struct guest_mode_size *size)
{
	if (now < m->due_us)
		return false;
	m->due_us = GUEST_MODE_NEVER;
	m->asked = *size = m->wanted;
	m->has_asked = true;
	m->asked_us = now;
	return true;
}
