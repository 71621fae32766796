/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/peers/peer.h"
#include "bench/screen/replay.h"

static void *open_peer(unsigned width, unsigned height, GError **error)
{
	(void)error;
	struct simulated_link_options unlimited = {0};
	return replay_new(width, height, &(struct mtp_terminal){0}, &unlimited, 0);
}

static void close_peer(void *peer)
{
	replay_free(peer);
}

static bool frame(void *peer, uint64_t ms, const struct ppm *ppm, GError **error)
{
	return replay_frame(peer, (int64_t)ms * 1000, ppm, error);
}

static const uint8_t *shown(void *peer)
{
	unsigned width, height;
	return terminal_pixels(replay_terminal(peer), &width, &height);
}

static struct peer_cost cost(void *peer)
{
	struct replay_counters counters = replay_counters(peer);
	return (struct peer_cost){.bytes = counters.bytes, .cpu_ns = counters.cpu_ns};
}

const struct peer_class peer_mtp = {.name = "mtp",
    .open = open_peer,
    .close = close_peer,
    .frame = frame,
    .shown = shown,
    .cost = cost};
