/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/meter.h"

#define LOOK_US G_USEC_PER_SEC

static uint64_t tiles_of(const struct mtp_session_counters *counters)
{
	uint64_t n = 0;

	for (unsigned kind = 0; kind < MTP_TILE_KINDS; kind++)
		n += counters->tiles[kind];
	return n;
}

/* Which kinds of tile came, most of 100 % first come first told. */
static void append_shares(GString *text, const struct mtp_session_counters *before,
    const struct mtp_session_counters *now)
{
	uint64_t all = tiles_of(now) - tiles_of(before);

	for (unsigned kind = 0; kind < MTP_TILE_KINDS && all; kind++) {
		uint64_t n = now->tiles[kind] - before->tiles[kind];

		if (n)
			g_string_append_printf(text, "\n%s %u%%", mtp_session_tile_name(kind),
			    (unsigned)((n * 100 + all / 2) / all));
	}
}

char *meter_look(struct meter *meter, const struct mtp_session_counters *counters,
    const struct picture *picture, int64_t now_us)
{
	int64_t passed = now_us - meter->since_us;

	if (meter->since_us && passed < LOOK_US)
		return NULL;
	if (!meter->since_us)
		meter->before = *counters; /* rates come with the next look */
	double seconds = meter->since_us ? (double)passed / G_USEC_PER_SEC : 1;
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "%ux%u\n%.1f updates/s\n%.1f kB/s", picture->width,
	    picture->height, (double)(counters->updates - meter->before.updates) / seconds,
	    (double)(counters->bytes - meter->before.bytes) / seconds / 1000);
	if (counters->rtt_us)
		g_string_append_printf(text, "\ndelay %.1f ms", (double)counters->rtt_us / 1000);
	append_shares(text, &meter->before, counters);
	meter->before = *counters;
	meter->since_us = now_us;
	return g_string_free(text, FALSE);
}
