/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/jpeg_meter.h"

#include <glib.h>
#include <setjmp.h>
#include <stdio.h>
#include <jpeglib.h>

#define WIDTH_MAX 8192 /* a screen's */

struct jpeg_meter {
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
	jmp_buf give_up;
	uint8_t row[WIDTH_MAX * 3];
};

/* libjpeg expects this one not to return. */
static void on_error(j_common_ptr jpeg)
{
	struct jpeg_meter *meter = jpeg->client_data;
	longjmp(meter->give_up, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
	(void)jpeg, (void)level;
}

struct jpeg_meter *jpeg_meter_new(void)
{
	struct jpeg_meter *meter = g_new0(struct jpeg_meter, 1);
	meter->jpeg.err = jpeg_std_error(&meter->errors);
	meter->errors.error_exit = on_error;
	meter->errors.emit_message = on_message;
	meter->jpeg.client_data = meter;
	if (setjmp(meter->give_up))
		g_error("libjpeg cannot be started");
	jpeg_create_decompress(&meter->jpeg);
	return meter;
}

void jpeg_meter_free(struct jpeg_meter *meter)
{
	if (!meter)
		return;
	jpeg_destroy_decompress(&meter->jpeg);
	g_free(meter);
}

static uint64_t row_error(const uint8_t *rgb, const uint32_t *pixels, unsigned width)
{
	uint64_t error = 0;
	for (unsigned i = 0; i < width; i++, rgb += 3) {
		int red = rgb[0] - (int)(pixels[i] >> 16 & 255);
		int green = rgb[1] - (int)(pixels[i] >> 8 & 255);
		int blue = rgb[2] - (int)(pixels[i] & 255);
		error += (uint64_t)(red * red + green * green + blue * blue);
	}
	return error;
}

uint64_t jpeg_meter_error(struct jpeg_meter *meter, const uint32_t *pixels, size_t stride,
    unsigned width, unsigned height, const uint8_t *bytes, size_t n)
{
	struct jpeg_decompress_struct *jpeg = &meter->jpeg;
	if (setjmp(meter->give_up)) {
		jpeg_abort_decompress(jpeg);
		return UINT64_MAX;
	}
	jpeg_mem_src(jpeg, bytes, n);
	jpeg_read_header(jpeg, TRUE);
	jpeg->out_color_space = JCS_RGB;
	if (jpeg->image_width != width || jpeg->image_height != height || width > WIDTH_MAX)
		on_error((j_common_ptr)jpeg);
	jpeg_start_decompress(jpeg);
	uint64_t error = 0;
	while (jpeg->output_scanline < height) {
		size_t y = jpeg->output_scanline;
		JSAMPROW row = meter->row;
		jpeg_read_scanlines(jpeg, &row, 1);
		error += row_error(meter->row, pixels + y * stride, width);
	}
	jpeg_abort_decompress(jpeg);
	return error;
}
