/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * client-core-footprint WIDTH HEIGHT: what a terminal's memory has to hold. Decodes a screen that
 * does not compress at all, ten times, and prints
 *
 *   client_core screen= updates= core_kib= process_kib=
 *
 * resident: what the session has added, and the whole process, this load included.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "mtp-client/core/session.h"
#include "mtp/tile.h"

#define TILE 256u
#define UPDATES 10

static uint8_t wire[MTP_FRAME_HEADER + MTP_MAX_TO_CLIENT];

/* xorshift32 (Marsaglia 2003): noise, the same each time. */
static uint32_t noise(void)
{
	static uint32_t state = 1;
	state ^= state << 13;
	state ^= state >> 17;
	return state ^= state << 5;
}

static void write_tile(struct mtp_writer *w, unsigned x, unsigned y, unsigned width,
    unsigned height, unsigned screen_width, unsigned screen_height)
{
	static uint8_t pixels[TILE * TILE * 3], packed[TILE * TILE * 3 + 4096];
	size_t n = (size_t)width * height * 3;
	for (size_t i = 0; i < n; i++)
		pixels[i] = (uint8_t)(noise() >> 24);
	struct mtp_tile tile = {.kind = MTP_TILE_ZSTD,
	    .x = (uint16_t)x,
	    .y = (uint16_t)y,
	    .width = (uint16_t)width,
	    .height = (uint16_t)height,
	    .data = packed,
	    .size = (uint32_t)ZSTD_compress(packed, sizeof packed, pixels, n, 1)};
	mtp_tile_write(&tile, (uint16_t)screen_width, (uint16_t)screen_height, w);
}

static size_t write_update(uint32_t sequence, unsigned width, unsigned height)
{
	struct mtp_writer w = mtp_writer_of(wire, sizeof wire);
	unsigned columns = (width + TILE - 1) / TILE, rows = (height + TILE - 1) / TILE;
	size_t begin = mtp_frame_begin(&w, MTP_TYPE_UPDATE);
	mtp_update_encode(&(struct mtp_update){.sequence = sequence,
	                      .flags = MTP_UPDATE_COMPLETE,
	                      .count = (uint16_t)(columns * rows)},
	    &w);
	for (unsigned y = 0; y < height; y += TILE)
		for (unsigned x = 0; x < width; x += TILE)
			write_tile(&w, x, y, width - x < TILE ? width - x : TILE,
			    height - y < TILE ? height - y : TILE, width, height);
	mtp_frame_end(&w, begin);
	return w.failed ? 0 : w.size;
}

/* Resident pages of this process, in KiB. */
static long resident_kib(void)
{
	long size = 0, resident = 0;
	FILE *statm = fopen("/proc/self/statm", "re");
	if (statm && fscanf(statm, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	if (statm)
		fclose(statm);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int argc, char **argv)
{
	unsigned width = argc == 3 ? (unsigned)atoi(argv[1]) : 0;
	unsigned height = argc == 3 ? (unsigned)atoi(argv[2]) : 0;
	struct mtp_codecs codecs;
	const struct mtp_session_options options = {
	    .max_pixels = (size_t)width * height, .codecs = &codecs};
	if (!mtp_screen_is_valid(width, height) || !mtp_codecs_init(&codecs)) {
		fprintf(stderr, "usage: client-core-footprint WIDTH HEIGHT\n");
		return 2;
	}
	/* The load comes first: what it takes is there before, and is taken off. */
	size_t n = write_update(1, width, height);
	long before = resident_kib();
	struct mtp_session *session = mtp_session_new(&options);
	const struct mtp_session_hello hello = {.grant = "", .model = ""};
	static uint8_t greeting[256];
	bool good = n && session && mtp_session_start(session, &hello);
	if (good) {
		struct mtp_writer w = mtp_writer_of(greeting, sizeof greeting);
		mtp_message_encode(&(struct mtp_message){.type = MTP_TYPE_WELCOME,
		                       .welcome = {.version = MTP_VERSION,
		                           .width = (uint16_t)width,
		                           .height = (uint16_t)height,
		                           .session = mtp_text_of("s")}},
		    &w);
		good = mtp_session_feed(session, greeting, w.size);
	}
	for (uint32_t i = 1; good && i <= UPDATES; i++) {
		/* The sequence is the payload's first field. */
		mtp_store_unsigned(wire + MTP_FRAME_HEADER, i, 4);
		good = mtp_session_feed(session, wire, n);
		size_t output;
		mtp_session_output(session, &output);
		mtp_session_output_sent(session, output);
	}
	if (!good) {
		fprintf(stderr, "client-core-footprint: %s\n",
		    session ? mtp_session_reason(session) : "no memory");
		return 1;
	}
	long after = resident_kib();
	printf("client_core screen=%ux%u updates=%u core_kib=%ld process_kib=%ld\n", width, height,
	    UPDATES, after - before, after);
	mtp_session_free(session);
	mtp_codecs_finish(&codecs);
	return 0;
}
