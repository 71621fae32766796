/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another way to carry a phone's screen, for comparison on the same frames: one table a codec. Each
 * keeps what its receiver shows. One thread calls; whatever receives may run in another, so that
 * the caller's processor time is the encoder's alone.
 */
#pragma once

#include "bench/screen/ppm.h"

struct peer_cost {
	uint64_t bytes;
	int64_t cpu_ns; /* of encoding, finding what has changed included */
};

struct peer_class {
	const char *name;
	/* A peer for screens of this size; NULL with an error. */
	void *(*open)(unsigned width, unsigned height, GError **error);
	void (*close)(void *peer);
	/* Sends one frame; returns when it is shown. */
	bool (*frame)(void *peer, uint64_t ms, const struct ppm *frame, GError **error);
	/* R, G, B, A. */
	const uint8_t *(*shown)(void *peer);
	struct peer_cost (*cost)(void *peer);
};

/* QVMI's own (peer_mtp.c). */
extern const struct peer_class peer_mtp;
/* RFB as libvncserver encodes it (peer_vnc.c). */
extern const struct peer_class peer_tight, peer_tight_q8, peer_zrle;
/* libx264, veryfast, zerolatency, crf 23, 4:2:0 (peer_x264.c). */
extern const struct peer_class peer_x264;
/* libaom, realtime, speed 9, screen content, cq 30 (peer_av1.c). */
extern const struct peer_class peer_av1;
