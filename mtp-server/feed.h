/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pictures of one MTP stream, without any I/O: the blocks that the viewer is owed, and how much
 * it may be sent. A slow one gets fewer, newer pictures: at most two updates are on their way
 * un-acknowledged, nothing is encoded before, and what is owed is a set of places. One thread.
 */
#pragma once

#include "mtp-server/memory.h"
#include "mtp-server/motion.h"
#include "mtp-server/tiling.h"

struct feed;

/* What carries the stream. */
struct feed_sink {
	/* Takes whole messages of the wire. */
	void (*send)(void *data, const void *bytes, size_t n);
	/* Has it passed on all it took? Nothing is encoded for one that has not. */
	bool (*is_free)(void *data);
	int64_t (*now_us)(void *data);
};

struct feed_counters {
	uint64_t frames, bytes; /* updates sent, and their bytes */
};

/* Owes the whole picture. `codecs`: the kinds of tile that the viewer decodes. */
struct feed *feed_new(
    uint32_t codecs, const struct picture *picture, const struct feed_sink *sink, void *data);
void feed_free(struct feed *feed);

/* What the viewer has, now that it leaves, told once; NULL: nothing of use. */
struct memory *feed_leave(
    struct feed *feed, const struct picture *picture, const char *session, int64_t now_us);
/* A new feed: it has what is remembered, as of that update. Before feed_welcome(). */
void feed_resume(struct feed *feed, const struct picture *picture, const struct memory *memory,
    uint32_t sequence);

/* Sends WELCOME: before anything else. */
void feed_welcome(struct feed *feed, const struct picture *picture, uint16_t version,
    unsigned touch_points, const char *session);
struct feed_counters feed_counters(const struct feed *feed);

/* The screen has another size, which the viewer is told; all of it is owed. */
void feed_screen(struct feed *feed, const struct picture *picture);
/* All of it is owed again. */
void feed_refresh(struct feed *feed);
/* It has lost what DRAWN tiles taught it: they begin anew, and all is owed again. */
void feed_repair(struct feed *feed);
/* The picture changed: `damage` in all; or what `motion` says. feed_update() may follow later. */
void feed_damage(struct feed *feed, const struct picture *picture, const struct block_set *damage,
    const struct motion *motion);
/* False: of an update that was never sent, or long acknowledged: by a liar or a bug. */
bool feed_acknowledge(struct feed *feed, uint32_t sequence);

/* May it be sent an update now? */
bool feed_is_ready(const struct feed *feed);
bool feed_is_owed(const struct feed *feed);
/* How long the picture must have been the same for a part to be refined now; FEED_NEVER: none. */
#define FEED_NEVER INT64_MAX
int64_t feed_refine_after_us(const struct feed *feed);
/* Sends what is owed, as far as one update goes. `room` is scratch memory. */
void feed_update(struct feed *feed, const struct picture *picture, struct tiling *tiling,
    struct tile_cache *cache, struct mtp_writer room);
/* Sends better, a part at a time, what was sent roughly, if the picture has been the same for long
 * enough. */
void feed_refine(struct feed *feed, const struct picture *picture, struct tiling *tiling,
    struct tile_cache *cache, int64_t quiet_us, struct mtp_writer room);
