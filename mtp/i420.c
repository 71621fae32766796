/* SPDX-License-Identifier: MIT */
#include "mtp/i420.h"

#include <stdbool.h>
#include <string.h>

/* Everything fits 16 bits, so that a compiler makes vectors of it: coefficients are in 1/256 or
 * 1/128, and those above 1 are split. Rows are worked on in pieces of this many pixels. */
#define PIECE 32u
/* So that a whole piece's length is a constant. */
#define INLINE static inline __attribute__((always_inline))

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

static uint8_t clamp(int16_t value)
{
	int16_t low = value < 0 ? 0 : value;

	return (uint8_t)(low > 255 ? 255 : low);
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

/* `n` samples of a plane of chroma to 2n pixels: of the nearest four samples, which lie between the
 * pixels, the nearer count three times in either direction. */
INLINE void spread(int16_t *restrict out, const uint8_t *restrict near, const uint8_t *restrict far,
    unsigned n, bool left, bool right)
{
	int16_t column[PIECE / 2 + 2];

	for (unsigned i = 0; i < n; i++)
		column[i + 1] = (int16_t)(3 * near[i] + far[i]);
	column[0] = left ? (int16_t)(3 * near[-1] + far[-1]) : column[1];
	column[n + 1] = right ? (int16_t)(3 * near[n] + far[n]) : column[n];
	for (unsigned i = 0; i < n; i++) {
		out[2 * i] = (int16_t)(((3 * column[i + 1] + column[i] + 8) >> 4) - 128);
		out[2 * i + 1] = (int16_t)(((3 * column[i + 1] + column[i + 2] + 8) >> 4) - 128);
	}
}

INLINE void to_rgba(uint8_t *restrict out, const uint8_t *restrict luma, const int16_t *restrict cb,
    const int16_t *restrict cr, unsigned width)
{
	uint8_t red[PIECE], green[PIECE], blue[PIECE];
	uint32_t pixels[PIECE];

	for (unsigned i = 0; i < width; i++) {
		int16_t y = luma[i], u = cb[i], v = cr[i];
		int16_t r = (int16_t)(103 * v + 128), b = (int16_t)(198 * u + 128);
		int16_t g = (int16_t)(-44 * u - 91 * v + 64);

		red[i] = clamp((int16_t)(y + v + (int16_t)(r >> 8)));
		green[i] = clamp((int16_t)(y + (int16_t)(g >> 7)));
		blue[i] = clamp((int16_t)(y + u + (int16_t)(b >> 8)));
	}
	for (unsigned i = 0; i < width; i++)
		pixels[i] = rgba_of(red[i], green[i], blue[i]);
	memcpy(out, pixels, width * sizeof(*pixels));
}

/* A row of one piece; `far`: the offset of the chroma beside it, the nearer of the two. */
INLINE void get_piece(const struct mtp_i420 *from, unsigned x, unsigned y, unsigned width,
    size_t far, bool left, bool right, uint8_t *rgba)
{
	int16_t chroma[2][PIECE];
	size_t near = y / 2 * from->strides[1];

	for (unsigned i = 0; i < 2; i++) {
		const uint8_t *plane = from->planes[i + 1] + x / 2;

		spread(chroma[i], plane + near, plane + far, width / 2, left, right);
	}
	to_rgba(rgba, from->planes[0] + y * from->strides[0] + x, chroma[0], chroma[1], width);
}

/* The row of chroma beside that of pixel row `y`, on the other side of which the row's pixels lie
 * nearest; the same one where nothing may be looked at. */
static unsigned far_row(unsigned y, unsigned top, unsigned bottom, unsigned beyond)
{
	unsigned near = y / 2;

	if (y % 2)
		return y + 1 < bottom || beyond & MTP_I420_BELOW ? near + 1 : near;
	return y > top || beyond & MTP_I420_ABOVE ? near - 1 : near;
}

void mtp_i420_get(const struct mtp_i420 *from, unsigned x, unsigned y, unsigned width,
    unsigned height, unsigned beyond, uint8_t *rgba, size_t stride)
{
	for (unsigned row = y; row < y + height; row++, rgba += stride) {
		size_t far = far_row(row, y, y + height, beyond) * from->strides[1];

		for (unsigned i = 0; i < width; i += PIECE) {
			unsigned n = piece_of(width, i);
			bool left = i > 0 || beyond & MTP_I420_LEFT;
			bool right = i + n < width || beyond & MTP_I420_RIGHT;

			if (n == PIECE)
				get_piece(from, x + i, row, PIECE, far, left, right,
				    rgba + (size_t)i * 4);
			else
				get_piece(
				    from, x + i, row, n, far, left, right, rgba + (size_t)i * 4);
		}
	}
}
