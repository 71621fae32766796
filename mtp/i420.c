/* SPDX-License-Identifier: MIT */
#include "mtp/i420.h"

#include <string.h>

/* Everything fits 16 bits, so that a compiler makes vectors of it: coefficients are in 1/256 or
 * 1/128, and those above 1 are split. Rows are worked on in pieces of this many pixels. */
#define PIECE 32u

size_t mtp_i420_size(unsigned width, unsigned height)
{
	return (size_t)width * height * 3 / 2;
}

struct mtp_i420 mtp_i420_of(uint8_t *memory, unsigned width, unsigned height)
{
	size_t luma = (size_t)width * height;

	return (struct mtp_i420){.width = width,
	    .height = height,
	    .planes = {memory, memory + luma, memory + luma + luma / 4},
	    .strides = {width, width / 2, width / 2}};
}

static void put_luma(uint8_t *restrict out, const uint32_t *restrict pixels, unsigned width)
{
	for (unsigned i = 0; i < width; i++) {
		uint16_t r = pixels[i] >> 16 & 255, g = pixels[i] >> 8 & 255, b = pixels[i] & 255;

		out[i] = (uint8_t)((uint16_t)(77 * r + 150 * g + 29 * b + 128) >> 8);
	}
}

/* The mean of two by two pixels, both channels of a pair at once: 0x00RR00BB and 0x0000GG00. */
static uint32_t mean(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	uint32_t outer = (a & 0xff00ff) + (b & 0xff00ff) + (c & 0xff00ff) + (d & 0xff00ff);
	uint32_t inner = (a & 0xff00) + (b & 0xff00) + (c & 0xff00) + (d & 0xff00);

	return ((outer + 0x20002) >> 2 & 0xff00ff) | ((inner + 0x200) >> 2 & 0xff00);
}

static void put_chroma(uint8_t *restrict cb, uint8_t *restrict cr, const uint32_t *restrict above,
    const uint32_t *restrict below, unsigned width)
{
	uint32_t means[PIECE / 2];

	for (unsigned i = 0; i < width / 2; i++)
		means[i] = mean(above[2 * i], above[2 * i + 1], below[2 * i], below[2 * i + 1]);
	for (unsigned i = 0; i < width / 2; i++) {
		int16_t r = means[i] >> 16 & 255, g = means[i] >> 8 & 255, b = means[i] & 255;
		/* 127: at most 255 comes out. */
		int16_t u = (int16_t)(-43 * r - 85 * g + 128 * b + 127);
		int16_t v = (int16_t)(128 * r - 107 * g - 21 * b + 127);

		cb[i] = (uint8_t)((u >> 8) + 128);
		cr[i] = (uint8_t)((v >> 8) + 128);
	}
}

static void put_piece(const struct mtp_i420 *to, unsigned x, unsigned y, unsigned width,
    const uint32_t *above, const uint32_t *below)
{
	uint8_t *luma = to->planes[0] + y * to->strides[0] + x;
	size_t chroma = y / 2 * to->strides[1] + x / 2;

	put_luma(luma, above, width);
	put_luma(luma + to->strides[0], below, width);
	put_chroma(to->planes[1] + chroma, to->planes[2] + chroma, above, below, width);
}

static unsigned piece_of(unsigned width, unsigned from)
{
	return width - from < PIECE ? width - from : PIECE;
}

void mtp_i420_put(const struct mtp_i420 *to, unsigned x, unsigned y, unsigned width,
    unsigned height, const uint32_t *pixels, size_t stride)
{
	for (unsigned row = 0; row < height; row += 2)
		for (unsigned i = 0; i < width; i += PIECE) {
			const uint32_t *above = pixels + row * stride + i;

			put_piece(to, x + i, y + row, piece_of(width, i), above, above + stride);
		}
}

static uint32_t clamp(int value)
{
	return (uint32_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* R, G, B, A in memory. */
static uint32_t rgba_of(uint32_t red, uint32_t green, uint32_t blue)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return red | green << 8 | blue << 16 | 0xff000000;
#else
	return red << 24 | green << 16 | blue << 8 | 0xff;
#endif
}

/* An even number of pixels, each pair with one sample of chroma. */
static void get_piece(uint8_t *restrict out, const uint8_t *restrict luma,
    const uint8_t *restrict cb, const uint8_t *restrict cr, unsigned width)
{
	int16_t red[PIECE], green[PIECE], blue[PIECE];
	uint32_t pixels[PIECE];

	for (unsigned i = 0; i < width / 2; i++) {
		int16_t u = (int16_t)(cb[i] - 128), v = (int16_t)(cr[i] - 128);

		red[2 * i] = red[2 * i + 1] = (int16_t)(v + ((103 * v + 128) >> 8));
		green[2 * i] = green[2 * i + 1] = (int16_t)((-44 * u - 91 * v + 64) >> 7);
		blue[2 * i] = blue[2 * i + 1] = (int16_t)(u + ((198 * u + 128) >> 8));
	}
	for (unsigned i = 0; i < width; i++)
		pixels[i] = rgba_of(
		    clamp(luma[i] + red[i]), clamp(luma[i] + green[i]), clamp(luma[i] + blue[i]));
	memcpy(out, pixels, width * sizeof(*pixels));
}

void mtp_i420_get(const struct mtp_i420 *from, unsigned x, unsigned y, unsigned width,
    unsigned height, uint8_t *rgba, size_t stride)
{
	for (unsigned row = 0; row < height; row++)
		for (unsigned i = 0; i < width; i += PIECE) {
			const uint8_t *luma =
			    from->planes[0] + (y + row) * from->strides[0] + x + i;
			size_t chroma = (y + row) / 2 * from->strides[1] + (x + i) / 2;

			get_piece(rgba + row * stride + (size_t)i * 4, luma,
			    from->planes[1] + chroma, from->planes[2] + chroma, piece_of(width, i));
		}
}
