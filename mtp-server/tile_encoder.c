/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/tile_encoder.h"

#include <glib.h>
#include <zstd.h>

#include "mtp-server/drawn_content.h"
#include "mtp-server/jpeg.h"
#include "mtp-server/jpeg_meter.h"

/* Fast: the picture is looked at once and gone. What zstd's higher levels save costs more time on
 * this side than it does on the line. */
#define ZSTD_LEVEL 1
#define JPEG_QUALITY 85
/* The first of these that is as good as it has to be: most photographs, and what has more noise. */
static const int fine_qualities[] = {93, 97, 99};
/* The mean squared error of a picture that nobody tells from its original: 45 dB, in hundredths. */
#define ERROR_FINE 205u
/* Colours of a block (1024 pixels) that was drawn; a photograph's sky has more. */
#define FEW_MAX 64
/* One pixel of so many may not be what its neighbours say: steps, dithering. */
#define GRADIENT_SHARE 8
/* JPEG is tried when exact bytes are more than 1/8 of the raw ones, which drawn surfaces rarely
 * are, and taken when it is a third of them; a fine one, when it is two. */
#define IS_LARGE(size, raw) ((size)*8 > (raw))
#define PAYS(jpeg, exact) ((jpeg)*3 < (exact))
#define PAYS_FINE(jpeg, exact) ((jpeg)*3 < (exact)*2)

struct tile_encoder {
	ZSTD_CCtx *zstd;
	struct jpeg_encoder *jpeg, *fine;
	struct jpeg_meter *meter;
	uint8_t raw[MTP_MAX_TILE * 3];
	uint8_t colours[PALETTE_MAX * 3];
	size_t capacity;
	uint8_t *exact, *lossy; /* `capacity` bytes each */
};

struct tile_encoder *tile_encoder_new(void)
{
	struct tile_encoder *encoder = g_new(struct tile_encoder, 1);
	encoder->zstd = ZSTD_createCCtx();
	if (!encoder->zstd)
		g_error("no memory for zstd");
	ZSTD_CCtx_setParameter(encoder->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	encoder->jpeg = jpeg_encoder_new(false);
	encoder->fine = jpeg_encoder_new(true);
	encoder->meter = jpeg_meter_new();
	encoder->capacity = ZSTD_compressBound(sizeof encoder->raw);
	encoder->exact = g_malloc(encoder->capacity);
	encoder->lossy = g_malloc(encoder->capacity);
	return encoder;
}

void tile_encoder_free(struct tile_encoder *encoder)
{
	if (!encoder)
		return;
	ZSTD_freeCCtx(encoder->zstd);
	jpeg_encoder_free(encoder->jpeg);
	jpeg_encoder_free(encoder->fine);
	jpeg_meter_free(encoder->meter);
	g_free(encoder->exact);
	g_free(encoder->lossy);
	g_free(encoder);
}

/* Of each channel by itself. */
static uint32_t plane(uint32_t left, uint32_t above, uint32_t corner)
{
	uint32_t outer = (left & 0xff00ff) + (above & 0xff00ff) - (corner & 0xff00ff);
	uint32_t green = (left & 0xff00) + (above & 0xff00) - (corner & 0xff00);
	return (outer & 0xff00ff) | (green & 0xff00);
}

bool tile_is_gradient(const struct picture *picture, struct rectangle r)
{
	size_t follow = 0, all = (size_t)(r.width - 1) * (r.height - 1);
	for (unsigned y = 1; y < r.height; y++) {
		const uint32_t *pixel = picture_at(picture, r.x, r.y + y);
		const uint32_t *above = picture_at(picture, r.x, r.y + y - 1);
		for (unsigned x = 1; x < r.width; x++)
			follow +=
			    plane(pixel[x - 1], above[x], above[x - 1]) == (pixel[x] & 0xffffff);
	}
	return all && follow * GRADIENT_SHARE >= all * (GRADIENT_SHARE - 1);
}

enum content tile_content(
    const struct picture *picture, struct rectangle r, struct palette *palette)
{
	palette_init(palette);
	bool fits = palette_add_rectangle(palette, picture, r);
	if (fits && palette->size == 1)
		return CONTENT_PLAIN;
	if (fits && palette->size <= FEW_MAX)
		return CONTENT_FEW;
	return content_is_drawn(picture, r) ? CONTENT_FEW : CONTENT_MANY;
}

static size_t write_rgb(const struct picture *picture, struct rectangle r, uint8_t *out)
{
	const uint8_t *start = out;
	for (unsigned y = 0; y < r.height; y++) {
		const uint32_t *pixel = picture_at(picture, r.x, r.y + y);
		for (unsigned x = 0; x < r.width; x++) {
			*out++ = (uint8_t)(pixel[x] >> 16);
			*out++ = (uint8_t)(pixel[x] >> 8);
			*out++ = (uint8_t)pixel[x];
		}
	}
	return (size_t)(out - start);
}

static bool compress(struct tile_encoder *encoder, size_t raw, struct mtp_tile *tile)
{
	size_t n =
	    ZSTD_compress2(encoder->zstd, encoder->exact, encoder->capacity, encoder->raw, raw);
	tile->data = encoder->exact;
	tile->size = n;
	return !ZSTD_isError(n);
}

static bool allows(const struct tile_demand *demand, enum mtp_tile_kind kind)
{
	return demand->codecs >> kind & 1;
}

static bool encode_palette(struct tile_encoder *encoder, const struct picture *picture,
    struct rectangle r, const struct palette *palette, struct mtp_tile *tile)
{
	tile->kind = MTP_TILE_PALETTE;
	tile->palette_size = palette->size;
	tile->palette = encoder->colours;
	palette_write_colours(palette, encoder->colours);
	return compress(encoder, palette_pack(palette, picture, r, encoder->raw), tile);
}

static bool encode_pixels(struct tile_encoder *encoder, const struct picture *picture,
    struct rectangle r, struct mtp_tile *tile)
{
	tile->kind = MTP_TILE_ZSTD;
	return compress(encoder, write_rgb(picture, r, encoder->raw), tile);
}

/* Replaces exact bytes by rough ones where that pays. */
static void try_jpeg(struct tile_encoder *encoder, const struct picture *picture,
    struct rectangle r, unsigned roughness, struct mtp_tile *tile)
{
	if (!IS_LARGE(tile->size, (size_t)r.width * r.height * 3))
		return;
	size_t size = jpeg_encode(encoder->jpeg, picture_at(picture, r.x, r.y), picture->width,
	    r.width, r.height, roughness_jpeg_quality(JPEG_QUALITY, roughness), encoder->lossy,
	    encoder->capacity);
	if (!size || !PAYS(size, tile->size))
		return;
	tile->kind = MTP_TILE_JPEG;
	tile->data = encoder->lossy;
	tile->size = size;
}

/* The same by what looks exact. */
static void try_fine_jpeg(struct tile_encoder *encoder, const struct picture *picture,
    struct rectangle r, struct mtp_tile *tile)
{
	const uint32_t *pixels = picture_at(picture, r.x, r.y);
	uint64_t samples = (uint64_t)r.width * r.height * 3;
	if (!IS_LARGE(tile->size, samples))
		return;
	for (unsigned i = 0; i < G_N_ELEMENTS(fine_qualities); i++) {
		size_t size = jpeg_encode(encoder->fine, pixels, picture->width, r.width, r.height,
		    fine_qualities[i], encoder->lossy, encoder->capacity);
		if (!size || !PAYS_FINE(size, tile->size))
			return;
		uint64_t error = jpeg_meter_error(encoder->meter, pixels, picture->width, r.width,
		    r.height, encoder->lossy, size);
		if (error > samples * ERROR_FINE / 100)
			continue;
		tile->kind = MTP_TILE_JPEG;
		tile->data = encoder->lossy;
		tile->size = size;
		return;
	}
}

bool tile_encode(struct tile_encoder *encoder, const struct picture *picture, struct rectangle r,
    enum content content, const struct palette *palette, const struct tile_demand *demand,
    struct mtp_tile *tile)
{
	*tile = (struct mtp_tile){
	    .x = (uint16_t)r.x,
	    .y = (uint16_t)r.y,
	    .width = (uint16_t)r.width,
	    .height = (uint16_t)r.height,
	};
	if (content == CONTENT_PLAIN) {
		uint32_t colour = *picture_at(picture, r.x, r.y);
		tile->kind = MTP_TILE_SOLID;
		tile->colour[0] = (uint8_t)(colour >> 16);
		tile->colour[1] = (uint8_t)(colour >> 8);
		tile->colour[2] = (uint8_t)colour;
		return true;
	}
	bool done = content == CONTENT_FEW && allows(demand, MTP_TILE_PALETTE)
	                ? encode_palette(encoder, picture, r, palette, tile)
	                : encode_pixels(encoder, picture, r, tile);
	if (!done || !allows(demand, MTP_TILE_JPEG) || tile_is_gradient(picture, r))
		return done;
	if (demand->quality == TILE_ROUGH)
		try_jpeg(encoder, picture, r, demand->roughness, tile);
	else if (demand->quality == TILE_FINE && content == CONTENT_MANY)
		try_fine_jpeg(encoder, picture, r, tile);
	return done;
}
