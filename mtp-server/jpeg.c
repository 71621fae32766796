/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/jpeg.h"

#include <glib.h>
#include <setjmp.h>
#include <stdio.h>
#include <jpeglib.h>

#if G_BYTE_ORDER == G_LITTLE_ENDIAN
#define PIXEL_SPACE JCS_EXT_BGRX
#else
#define PIXEL_SPACE JCS_EXT_XRGB
#endif

struct jpeg_encoder {
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	struct jpeg_destination_mgr destination;
	jmp_buf give_up;
	bool fine; /* for good: tables once made for an image stay */
};

/* libjpeg expects this one not to return. */
static void on_error(j_common_ptr jpeg)
{
	struct jpeg_encoder *encoder = jpeg->client_data;
	longjmp(encoder->give_up, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
	(void)jpeg, (void)level;
}

static void on_start(j_compress_ptr jpeg)
{
	(void)jpeg;
}

static boolean on_full(j_compress_ptr jpeg)
{
	on_error((j_common_ptr)jpeg);
	return FALSE;
}

struct jpeg_encoder *jpeg_encoder_new(bool fine)
{
	struct jpeg_encoder *encoder = g_new0(struct jpeg_encoder, 1);
	encoder->fine = fine;
	encoder->jpeg.err = jpeg_std_error(&encoder->errors);
	encoder->errors.error_exit = on_error;
	encoder->errors.emit_message = on_message;
	encoder->jpeg.client_data = encoder;
	if (setjmp(encoder->give_up))
		g_error("libjpeg cannot be started");
	jpeg_create_compress(&encoder->jpeg);
	encoder->destination.init_destination = on_start;
	encoder->destination.empty_output_buffer = on_full;
	encoder->destination.term_destination = on_start;
	encoder->jpeg.dest = &encoder->destination;
	return encoder;
}

void jpeg_encoder_free(struct jpeg_encoder *encoder)
{
	if (!encoder)
		return;
	jpeg_destroy_compress(&encoder->jpeg);
	g_free(encoder);
}

size_t jpeg_encode(struct jpeg_encoder *encoder, const uint32_t *pixels, size_t stride,
    unsigned width, unsigned height, int quality, uint8_t *out, size_t capacity)
{
	struct jpeg_compress_struct *jpeg = &encoder->jpeg;
	if (setjmp(encoder->give_up)) {
		jpeg_abort_compress(jpeg);
		return 0;
	}
	encoder->destination.next_output_byte = out;
	encoder->destination.free_in_buffer = capacity;
	jpeg->image_width = width;
	jpeg->image_height = height;
	jpeg->input_components = 4;
	jpeg->in_color_space = PIXEL_SPACE;
	jpeg_set_defaults(jpeg);
	jpeg_set_quality(jpeg, quality, TRUE);
	jpeg->dct_method = encoder->fine ? JDCT_ISLOW : JDCT_IFAST;
	jpeg->optimize_coding = encoder->fine;
	if (encoder->fine)
		jpeg->comp_info[0].h_samp_factor = jpeg->comp_info[0].v_samp_factor = 1;
	jpeg_start_compress(jpeg, TRUE);
	while (jpeg->next_scanline < height) {
		/* libjpeg does not write to its input, it only forgot to say so. */
		JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + jpeg->next_scanline * stride);
		jpeg_write_scanlines(jpeg, &row, 1);
	}
	jpeg_finish_compress(jpeg);
	return capacity - encoder->destination.free_in_buffer;
}
