/* SPDX-License-Identifier: MIT */
/*
 * Writes streams that a host could send, one a file, into a folder: a corpus from which the fuzzer
 * starts, with every kind of tile really encoded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>
#include <zstd.h>

#include "mtp/drawn.h"
#include "tests/client-core/h264_seed.h"
#include "mtp/tile.h"

#define SIDE 64 /* pixels, of the screen and of each tile */

struct seed {
	uint8_t bytes[65536];
	struct mtp_writer writer;
	uint32_t sequence;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void send_message(struct seed *seed, const struct mtp_message *message)
{
	mtp_message_encode(message, &seed->writer);
	if (seed->writer.failed)
		die("a seed is too long");
}

static void send_tile(struct seed *seed, const struct mtp_tile *tile)
{
	uint8_t bytes[32768];
	struct mtp_writer w = mtp_writer_of(bytes, sizeof(bytes));

	mtp_tile_write(tile, SIDE, SIDE, &w);
	if (w.failed)
		die("a tile is not valid");
	send_message(seed, &(struct mtp_message){.type = MTP_TYPE_UPDATE,
	                       .update = {.sequence = ++seed->sequence,
	                           .flags = MTP_UPDATE_COMPLETE,
	                           .count = 1,
	                           .tiles = {bytes, w.size}}});
}

static size_t encode_jpeg(const uint8_t *rgb, uint8_t *out, size_t room)
{
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	unsigned char *bytes = out;
	unsigned long n = room;

	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_compress(&jpeg);
	jpeg_mem_dest(&jpeg, &bytes, &n);
	jpeg.image_width = jpeg.image_height = SIDE;
	jpeg.input_components = 3;
	jpeg.in_color_space = JCS_RGB;
	jpeg_set_defaults(&jpeg);
	jpeg_start_compress(&jpeg, TRUE);
	while (jpeg.next_scanline < SIDE) {
		JSAMPROW row = (uint8_t *)rgb + jpeg.next_scanline * SIDE * 3;

		jpeg_write_scanlines(&jpeg, &row, 1);
	}
	jpeg_finish_compress(&jpeg);
	jpeg_destroy_compress(&jpeg);
	if (bytes != out)
		die("the JPEG is too large");
	return n;
}

static size_t encode_drawn(const uint8_t *rgb, uint8_t *out, size_t room)
{
	static struct drawn drawn;
	static uint32_t pixels[SIDE * SIDE];
	const struct drawn_source source = {pixels, SIDE, SIDE};
	const struct drawn_area area = {.width = SIDE, .height = SIDE};

	for (size_t i = 0; i < SIDE * SIDE; i++)
		pixels[i] = i / 5 % 3 ? 0xffffff : rgb[i] & 0xf0u;
	const struct glyph_place places[] = {{.x = 4, .y = 4, .width = 5, .height = 9},
	    {.x = 19, .y = 4, .width = 5, .height = 9}, {.x = 30, .y = 4, .width = 7, .height = 9}};
	const struct drawn_letters letters = {places, 3};

	drawn_init(&drawn);
	return drawn_encode(&drawn, &source, area, &letters, DRAWN_RESET, out, room);
}

static void send_kind(struct seed *seed, enum mtp_tile_kind kind)
{
	static const uint8_t palette[4 * 3] = {0, 0, 0, 9, 9, 9, 200, 0, 0, 0, 200, 0};
	uint8_t rgb[SIDE * SIDE * 3], data[32768];
	struct mtp_tile tile = {.kind = (uint8_t)kind, .width = SIDE, .height = SIDE, .data = data};

	for (size_t i = 0; i < sizeof(rgb); i++)
		rgb[i] = (uint8_t)(i * i >> 7);
	switch (kind) {
	case MTP_TILE_COPY:
		tile.width = tile.height = SIDE / 2;
		tile.x = 1;
		break;
	case MTP_TILE_PALETTE:
		tile.palette = palette;
		tile.palette_size = 4;
		tile.size = ZSTD_compress(data, sizeof(data), rgb, mtp_tile_raw_size(&tile), 3);
		break;
	case MTP_TILE_ZSTD:
		tile.size = ZSTD_compress(data, sizeof(data), rgb, sizeof(rgb), 3);
		break;
	case MTP_TILE_JPEG:
		tile.size = encode_jpeg(rgb, data, sizeof(data));
		break;
	case MTP_TILE_DRAWN:
		tile.size = encode_drawn(rgb, data, sizeof(data));
		break;
	case MTP_TILE_H264:
		tile.flags = MTP_VIDEO_KEY;
		tile.data = h264_key;
		tile.size = sizeof(h264_key);
		send_tile(seed, &tile);
		tile.flags = MTP_VIDEO_MASK;
		tile.mask = (const uint8_t *)"\xa0";
		tile.data = h264_delta;
		tile.size = sizeof(h264_delta);
		break;
	default:
		break;
	}
	send_tile(seed, &tile);
}

static void store(const struct seed *seed, const char *folder, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/seed-%s", folder, name);
	FILE *file = fopen(path, "wb");

	if (!file || fputc(0, file) == EOF ||
	    fwrite(seed->bytes, 1, seed->writer.size, file) != seed->writer.size || fclose(file))
		die(path);
}

static void begin(struct seed *seed)
{
	seed->sequence = 0;
	seed->writer = mtp_writer_of(seed->bytes, sizeof(seed->bytes));
	send_message(seed, &(struct mtp_message){.type = MTP_TYPE_WELCOME,
	                       .welcome = {.version = MTP_VERSION,
	                           .width = SIDE,
	                           .height = SIDE,
	                           .touch_points = 5,
	                           .codecs = 255,
	                           .session = mtp_text_of("seed")}});
}

int main(int argc, char **argv)
{
	static const char *const names[MTP_TILE_KINDS] = {
	    "solid", "copy", "palette", "zstd", "jpeg", "keep", "recall", "drawn", "h264"};
	static struct seed seed;

	if (argc != 2) {
		fputs("usage: seed FOLDER\n", stderr);
		return 2;
	}
	for (unsigned kind = 0; kind < MTP_TILE_KINDS; kind++) {
		begin(&seed);
		send_kind(&seed, kind);
		store(&seed, argv[1], names[kind]);
	}
	begin(&seed);
	for (unsigned kind = 0; kind < MTP_TILE_KINDS; kind++)
		send_kind(&seed, kind);
	send_message(&seed, &(struct mtp_message){.type = MTP_TYPE_PING, .ping = {42}});
	send_message(&seed, &(struct mtp_message){.type = MTP_TYPE_SCREEN, .screen = {32, 80}});
	send_message(&seed, &(struct mtp_message){.type = MTP_TYPE_BYE,
	                        .bye = {MTP_BYE_NORMAL, mtp_text_of("closed")}});
	store(&seed, argv[1], "all");
	return 0;
}
