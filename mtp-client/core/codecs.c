/* SPDX-License-Identifier: MIT */
#include "mtp-client/core/codecs.h"

#include <stdio.h>
#include <stdlib.h>
#include <jpeglib.h>
#include <jerror.h>
#include <zstd.h>

#ifndef __wasm__
#include <setjmp.h>
#endif

#ifdef HAVE_OPENH264
#include "mtp-client/core/h264_decoder.h"
#endif

struct native_codecs {
	ZSTD_DCtx *zstd;
#ifdef HAVE_OPENH264
	struct h264_decoder *h264; /* NULL: no stream */
#endif
	struct jpeg_decompress_struct jpeg;
	struct jpeg_error_mgr errors;
#ifndef __wasm__
	jmp_buf give_up;
#endif
};

/* libjpeg expects this not to return. WebAssembly has no setjmp with Debian's tool chain: there
 * the instance traps, and the page, which must not trust it any longer anyway, makes a new one. */
static void jpeg_give_up(j_common_ptr jpeg)
{
#ifdef __wasm__
	(void)jpeg;
	__builtin_trap();
#else
	struct native_codecs *native = jpeg->client_data;

	longjmp(native->give_up, 1);
#endif
}

/* Level -1 is a warning about corrupt data, which libjpeg would paper over. */
static void jpeg_emit(j_common_ptr jpeg, int level)
{
	if (level < 0)
		jpeg->err->num_warnings++;
}

static void jpeg_be_silent(j_common_ptr jpeg)
{
	(void)jpeg;
}

static void jpeg_reset(j_common_ptr jpeg)
{
	jpeg->err->num_warnings = 0;
	jpeg->err->msg_code = 0;
}

static bool native_zstd(void *context, uint8_t *out, size_t size, const uint8_t *in, size_t n)
{
	struct native_codecs *native = context;

	/* One shot into the caller's buffer: no window is allocated, whatever the frame asks. */
	return ZSTD_decompressDCtx(native->zstd, out, size, in, n) == size;
}

static bool jpeg_fits(const struct jpeg_decompress_struct *jpeg, unsigned width, unsigned height)
{
	/* Baseline only: a progressive picture can ask for any number of passes over the whole. */
	return jpeg->image_width == width && jpeg->image_height == height &&
	       !jpeg->progressive_mode && !jpeg->arith_code && jpeg->data_precision == 8 &&
	       (jpeg->jpeg_color_space == JCS_GRAYSCALE || jpeg->jpeg_color_space == JCS_YCbCr ||
	           jpeg->jpeg_color_space == JCS_RGB);
}

static bool native_jpeg(void *context, uint8_t *out, size_t stride, unsigned width, unsigned height,
    const uint8_t *in, size_t n)
{
	struct native_codecs *native = context;
	struct jpeg_decompress_struct *jpeg = &native->jpeg;

	if (n == 0)
		return false; /* jpeg_mem_src() takes that for a caller's mistake */
#ifndef __wasm__
	if (setjmp(native->give_up)) {
		jpeg_abort_decompress(jpeg);
		return false;
	}
#endif
	jpeg_mem_src(jpeg, in, n);
	if (jpeg_read_header(jpeg, TRUE) != JPEG_HEADER_OK || !jpeg_fits(jpeg, width, height)) {
		jpeg_abort_decompress(jpeg);
		return false;
	}
	jpeg->out_color_space = JCS_EXT_RGBA;
	jpeg_start_decompress(jpeg);
	while (jpeg->output_scanline < jpeg->output_height) {
		JSAMPROW row = out + jpeg->output_scanline * stride;

		jpeg_read_scanlines(jpeg, &row, 1);
	}
	/* Not jpeg_finish_decompress(): what follows the last row is none of ours to read. */
	jpeg_abort_decompress(jpeg);
	return jpeg->err->num_warnings == 0;
}

#ifdef HAVE_OPENH264
static enum mtp_decode native_h264(void *context, bool key, unsigned width, unsigned height,
    const uint8_t *in, size_t n, struct mtp_i420 *picture)
{
	struct native_codecs *native = context;

	if (key) {
		h264_decoder_free(native->h264);
		native->h264 = h264_decoder_new();
	}
	bool done = native->h264 && h264_decode(native->h264, in, n, width, height, picture);

	return done ? MTP_DECODE_DONE : MTP_DECODE_FAILED;
}
#endif

bool mtp_codecs_init(struct mtp_codecs *codecs)
{
	struct native_codecs *native = calloc(1, sizeof(*native));

	*codecs = (struct mtp_codecs){0};
	if (!native)
		return false;
	native->zstd = ZSTD_createDCtx();
	if (!native->zstd) {
		free(native);
		return false;
	}
	/* Our own in every field: jpeg_std_error() brings stdio and exit() along. */
	native->errors = (struct jpeg_error_mgr){.error_exit = jpeg_give_up,
	    .emit_message = jpeg_emit,
	    .output_message = jpeg_be_silent,
	    .reset_error_mgr = jpeg_reset};
	native->jpeg.err = &native->errors;
	native->jpeg.client_data = native;
#ifndef __wasm__
	if (setjmp(native->give_up)) {
		ZSTD_freeDCtx(native->zstd);
		free(native);
		return false;
	}
#endif
	jpeg_create_decompress(&native->jpeg);

	codecs->context = native;
	codecs->zstd_decompress = native_zstd;
	codecs->jpeg_decode = native_jpeg;
#ifdef HAVE_OPENH264
	codecs->h264_decode = native_h264;
#endif
	return true;
}

void mtp_codecs_finish(struct mtp_codecs *codecs)
{
	struct native_codecs *native = codecs->context;

	if (!native)
		return;
#ifdef HAVE_OPENH264
	h264_decoder_free(native->h264);
#endif
	jpeg_destroy_decompress(&native->jpeg);
	ZSTD_freeDCtx(native->zstd);
	free(native);
	*codecs = (struct mtp_codecs){0};
}
