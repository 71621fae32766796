/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What viewers that have left still have on their side: the picture and the cells they kept
 * (PROTOCOL.md, "Coming back"). Hashes and places only, no pixels; of at most MEMORIES_MAX viewers,
 * for at most MEMORY_US. One thread.
 */
#pragma once

#include "mtp-server/kept_cells.h"

#define MEMORIES_MAX 4
#define MEMORY_US (300 * G_USEC_PER_SEC)
#define MEMORY_UPDATES 32 /* the last so many updates can be where it stopped */

struct memory_update {
	uint32_t sequence;
	uint64_t checksum;
};

struct memory_block {
	struct block_hash hash; /* none: not known what it shows */
	uint32_t sequence;      /* of the update that changed it last */
};

struct memory {
	uint64_t token;
	char *session;
	uint64_t epoch; /* of the picture */
	struct memory_update updates[MEMORY_UPDATES];
	struct memory_block *blocks;
	struct kept_cell kept[MTP_CELLS];
	unsigned next_cell;
	int64_t left_us;
};

void memory_free(struct memory *memory);

struct memories {
	GPtrArray *list; /* owned; the oldest first */
};

void memories_init(struct memories *memories);
void memories_finish(struct memories *memories);
/* Takes it (NULL: nothing); the oldest has to go when there are too many. */
void memories_add(struct memories *memories, struct memory *memory);
/* Forgets what is too old. */
void memories_tick(struct memories *memories, int64_t now_us);
/* The one of this token and session, which is the caller's now; NULL: there is none, or the viewer
 * did not stop where it says. */
struct memory *memories_take(
    struct memories *memories, const char *session, const struct mtp_place *place);
