/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer target: the first byte says who sends and how the stream is cut; the rest is the
 * stream. What decodes must encode to the same bytes. Generated from the list in messages.h as far
 * as messages go: a message added there is fuzzed.
 */
#include "mtp/tile.h"
#include "mtp/words.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Small, so that the fuzzer reaches the bound. */
enum { MAX_PAYLOAD = 4096 };

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void fuzz_tiles(const struct mtp_update *update)
{
	uint16_t width = (uint16_t)(1 + update->sequence % MTP_MAX_SIDE), height = 1440;
	struct mtp_tiles tiles;
	mtp_tiles_init(&tiles, update, width, height);
	struct mtp_tile tile;
	const uint8_t *at = update->tiles.bytes;
	static uint8_t bytes[MAX_PAYLOAD];
	while (mtp_tiles_next(&tiles, &tile) == MTP_OK) {
		require(mtp_tile_is_valid(&tile, width, height));
		require(mtp_tile_raw_size(&tile) <= MTP_MAX_TILE * 3);
		struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
		mtp_tile_write(&tile, width, height, &w);
		require(!w.failed && memcmp(at, bytes, w.size) == 0);
		at += w.size;
		require(at == tiles.reader.bytes);
	}
}

static void fuzz_words(const struct mtp_words *words)
{
	struct mtp_reader r = mtp_reader_of(words->list.bytes, words->list.size);
	struct mtp_word word;
	while (mtp_word_read(&r, &word) == MTP_OK) {
		static uint8_t bytes[MTP_MAX_WORD + 16];
		struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
		mtp_word_write(&word, &w);
		require(!w.failed);
	}
}

static void fuzz_frame(const struct mtp_frame *frame, enum mtp_sender sender)
{
	require(frame->size <= MAX_PAYLOAD);
	struct mtp_message message;
	if (mtp_message_decode(&message, sender, frame) != MTP_OK)
		return;
	static uint8_t bytes[MTP_FRAME_HEADER + MAX_PAYLOAD];
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	mtp_message_encode(&message, &w);
	require(!w.failed);
	/* What was decoded is what is encoded again; fields appended later may not have been there,
	 * and are 0 then. */
	size_t n = w.size - MTP_FRAME_HEADER;
	size_t common = n < frame->size ? n : frame->size;
	require(!common || memcmp(frame->payload, bytes + MTP_FRAME_HEADER, common) == 0);
	for (size_t i = common; i < n; i++)
		require(bytes[MTP_FRAME_HEADER + i] == 0);
	if (message.type == MTP_TYPE_UPDATE)
		fuzz_tiles(&message.update);
	if (message.type == MTP_TYPE_WORDS)
		fuzz_words(&message.words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	enum mtp_sender sender = data[0] & 1 ? MTP_BY_CLIENT : MTP_BY_SERVER;
	size_t step = (data[0] >> 1) + 1u;
	data++;
	size--;
	uint8_t *buffer = malloc(MTP_FRAME_HEADER + MAX_PAYLOAD);
	struct mtp_deframer deframer;
	mtp_deframer_init(&deframer, buffer, MAX_PAYLOAD);
	enum mtp_result result = MTP_AGAIN;
	while (size && result != MTP_MALFORMED) {
		size_t n = step < size ? step : size;
		const uint8_t *piece = data;
		data += n;
		size -= n;
		struct mtp_frame frame;
		while ((result = mtp_deframer_next(&deframer, &piece, &n, &frame)) == MTP_OK)
			fuzz_frame(&frame, sender);
	}
	free(buffer);
	return 0;
}
