/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/peers/yuv.h"

#include <math.h>

/* ITU-R BT.709, full range. */
#define KR 0.2126
#define KB 0.0722

void yuv_init(struct yuv *yuv, unsigned width, unsigned height)
{
	yuv->width = (width + 1) & ~1u;
	yuv->height = (height + 1) & ~1u;
	for (unsigned i = 0; i < 3; i++) {
		yuv->strides[i] = (int)(i ? yuv->width / 2 : yuv->width);
		yuv->planes[i] = g_malloc0((size_t)yuv->strides[i] * yuv->height);
	}
}

void yuv_finish(struct yuv *yuv)
{
	for (unsigned i = 0; i < 3; i++)
		g_clear_pointer(&yuv->planes[i], g_free);
}

static uint8_t clamp(double value)
{
	return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)lround(value);
}

static const uint8_t *rgb_at(const struct ppm *ppm, unsigned x, unsigned y)
{
	return ppm->rgb +
	       ((size_t)MIN(y, ppm->height - 1) * ppm->width + MIN(x, ppm->width - 1)) * 3;
}

static double luma(const uint8_t *rgb)
{
	return KR * rgb[0] + (1 - KR - KB) * rgb[1] + KB * rgb[2];
}

void yuv_from_ppm(struct yuv *yuv, const struct ppm *ppm)
{
	for (unsigned y = 0; y < yuv->height; y += 2)
		for (unsigned x = 0; x < yuv->width; x += 2) {
			double u = 0, v = 0;
			for (unsigned i = 0; i < 4; i++) {
				unsigned px = x + i % 2, py = y + i / 2;
				const uint8_t *rgb = rgb_at(ppm, px, py);
				double l = luma(rgb);
				yuv->planes[0][(size_t)py * yuv->width + px] = clamp(l);
				u += (rgb[2] - l) / (2 * (1 - KB));
				v += (rgb[0] - l) / (2 * (1 - KR));
			}
			size_t at = (size_t)(y / 2) * (yuv->width / 2) + x / 2;
			yuv->planes[1][at] = clamp(u / 4 + 128);
			yuv->planes[2][at] = clamp(v / 4 + 128);
		}
}

void yuv_to_rgba(uint8_t *const planes[3], const int strides[3], unsigned step, unsigned width,
    unsigned height, uint8_t *rgba)
{
	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++, rgba += 4) {
			size_t column = x / 2 * step, row = y / 2;
			double l = planes[0][(size_t)y * (size_t)strides[0] + x];
			double u = planes[1][row * (size_t)strides[1] + column] - 128.0;
			double v = planes[2][row * (size_t)strides[2] + column] - 128.0;
			double red = l + 2 * (1 - KR) * v, blue = l + 2 * (1 - KB) * u;
			rgba[0] = clamp(red);
			rgba[1] = clamp((l - KR * red - KB * blue) / (1 - KR - KB));
			rgba[2] = clamp(blue);
			rgba[3] = 255;
		}
}
