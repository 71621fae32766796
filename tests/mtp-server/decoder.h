/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A decoder for tests, written from PROTOCOL.md and not from the client: asserts on all it does not
 * expect. */
#pragma once

#include <glib.h>
#include <stdio.h>
#include <jpeglib.h>
#include <zstd.h>

#include "mtp/drawn.h"
#include "mtp/tile.h"

struct decoder {
	unsigned width, height;
	uint32_t *pixels; /* 0x00RRGGBB */
	unsigned tiles[MTP_TILE_KINDS];
	struct {
		unsigned width, height;
		uint32_t pixels[32 * 32];
	} * cells;
	bool complete;
	struct drawn *drawn; /* mtp/drawn.c has a test of its own, tests/mtp/test_drawn.c */
	bool may_lose; /* DRAWN tiles may be out of step: they show nothing until one begins anew */
	bool out_of_step;
};

static inline void decoder_init(struct decoder *d, unsigned width, unsigned height)
{
	*d = (struct decoder){.width = width, .height = height};
	d->pixels = g_new0(uint32_t, (size_t)width * height);
	d->cells = g_malloc0(1024 * sizeof *d->cells);
	d->drawn = g_new(struct drawn, 1);
	drawn_init(d->drawn);
}

static inline void decoder_copy(struct decoder *d, const struct mtp_tile *t)
{
	g_autofree uint32_t *old = g_memdup2(d->pixels, (size_t)d->width * d->height * 4);
	for (unsigned y = 0; y < t->height; y++)
		memcpy(d->pixels + (t->y + y) * d->width + t->x,
		    old + (t->source_y + y) * d->width + t->source_x, t->width * 4u);
}

static inline void decoder_cells(struct decoder *d, const struct mtp_tile *t)
{
	unsigned cell = t->cell;
	for (unsigned top = 0; top < t->height; top += 32)
		for (unsigned left = 0; left < t->width; left += 32, cell++) {
			unsigned width = MIN(32, t->width - left),
			         height = MIN(32, t->height - top);
			g_assert_cmpuint(cell, <, 1024);
			if (t->kind == MTP_TILE_KEEP) {
				d->cells[cell].width = width;
				d->cells[cell].height = height;
			}
			g_assert_cmpuint(d->cells[cell].width, ==, width);
			g_assert_cmpuint(d->cells[cell].height, ==, height);
			for (unsigned i = 0; i < width * height; i++) {
				uint32_t *kept = &d->cells[cell].pixels[i];
				uint32_t *shown = &d->pixels[(t->y + top + i / width) * d->width +
				                             t->x + left + i % width];
				if (t->kind == MTP_TILE_KEEP)
					*kept = *shown;
				else
					*shown = *kept;
			}
		}
}

static inline void decoder_jpeg(struct decoder *d, const struct mtp_tile *t)
{
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_decompress(&jpeg);
	jpeg_mem_src(&jpeg, t->data, t->size);
	jpeg_read_header(&jpeg, TRUE);
	g_assert_cmpuint(jpeg.image_width, ==, t->width);
	g_assert_cmpuint(jpeg.image_height, ==, t->height);
	jpeg_start_decompress(&jpeg);
	g_autofree uint8_t *row = g_malloc(t->width * 3u);
	for (unsigned y = 0; y < t->height; y++) {
		jpeg_read_scanlines(&jpeg, &row, 1);
		for (unsigned x = 0; x < t->width; x++)
			d->pixels[(t->y + y) * d->width + t->x + x] =
			    (uint32_t)row[3 * x] << 16 | (uint32_t)row[3 * x + 1] << 8 |
			    row[3 * x + 2];
	}
	jpeg_finish_decompress(&jpeg);
	jpeg_destroy_decompress(&jpeg);
}

static inline void decoder_drawn(struct decoder *d, const struct mtp_tile *t)
{
	g_autofree uint8_t *rgba = g_malloc((size_t)d->width * d->height * 4);
	const struct drawn_target target = {rgba, d->width, d->height};
	const struct drawn_area area = {t->x, t->y, t->width, t->height};
	for (size_t i = 0; i < (size_t)d->width * d->height; i++) {
		rgba[4 * i] = (uint8_t)(d->pixels[i] >> 16);
		rgba[4 * i + 1] = (uint8_t)(d->pixels[i] >> 8);
		rgba[4 * i + 2] = (uint8_t)d->pixels[i];
	}
	if (d->out_of_step && !drawn_is_reset(t->data, t->size))
		return;
	enum drawn_result result = drawn_decode(d->drawn, &target, area, t->data, t->size);
	d->out_of_step = d->may_lose && result == DRAWN_OUT_OF_STEP;
	g_assert_true(result == DRAWN_OK || d->out_of_step);
	for (size_t i = 0; i < (size_t)d->width * d->height; i++)
		d->pixels[i] =
		    (uint32_t)rgba[4 * i] << 16 | (uint32_t)rgba[4 * i + 1] << 8 | rgba[4 * i + 2];
}

static inline void decoder_tile(struct decoder *d, const struct mtp_tile *t)
{
	size_t raw_size = mtp_tile_raw_size(t);
	g_autofree uint8_t *raw = g_malloc(raw_size + 1);
	if (raw_size)
		g_assert_cmpuint(ZSTD_decompress(raw, raw_size, t->data, t->size), ==, raw_size);
	unsigned bits = mtp_palette_bits(t->palette_size);
	size_t row = t->kind == MTP_TILE_ZSTD ? t->width * 3u : (t->width * bits + 7) / 8;
	d->tiles[t->kind]++;
	if (t->kind == MTP_TILE_COPY)
		decoder_copy(d, t);
	else if (t->kind == MTP_TILE_KEEP || t->kind == MTP_TILE_RECALL)
		decoder_cells(d, t);
	else if (t->kind == MTP_TILE_JPEG)
		decoder_jpeg(d, t);
	else if (t->kind == MTP_TILE_DRAWN)
		decoder_drawn(d, t);
	else
		for (unsigned y = 0; y < t->height; y++)
			for (unsigned x = 0; x < t->width; x++) {
				const uint8_t *c = t->colour;
				if (t->kind == MTP_TILE_ZSTD) {
					c = raw + y * row + x * 3;
				} else if (t->kind == MTP_TILE_PALETTE) {
					unsigned shift = 8 - bits - x * bits % 8;
					unsigned index = raw[y * row + x * bits / 8] >> shift &
					                 ((1u << bits) - 1);
					g_assert_cmpuint(index, <, t->palette_size);
					c = t->palette + 3 * index;
				}
				d->pixels[(t->y + y) * d->width + t->x + x] =
				    (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
			}
}

static inline void decoder_update(struct decoder *d, const struct mtp_update *update)
{
	struct mtp_tiles tiles;
	struct mtp_tile tile;
	enum mtp_result result;
	mtp_tiles_init(&tiles, update, (uint16_t)d->width, (uint16_t)d->height);
	while ((result = mtp_tiles_next(&tiles, &tile)) == MTP_OK)
		decoder_tile(d, &tile);
	g_assert_cmpint(result, ==, MTP_AGAIN);
	g_assert_cmpuint(tiles.reader.size, ==, 0);
	d->complete = update->flags & MTP_UPDATE_COMPLETE;
}

/* Of the visible parts of the pixels. */
static inline void decoder_assert_shows(const struct decoder *d, const uint32_t *pixels)
{
	for (size_t i = 0; i < (size_t)d->width * d->height; i++)
		if (d->pixels[i] != (pixels[i] & 0xffffff))
			g_error("pixel %zu,%zu is %06x, not %06x", i % d->width, i / d->width,
			    d->pixels[i], pixels[i] & 0xffffff);
}

static inline void decoder_finish(struct decoder *d)
{
	g_free(d->pixels);
	g_free(d->cells);
	g_free(d->drawn);
}
