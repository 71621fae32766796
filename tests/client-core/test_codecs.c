/* SPDX-License-Identifier: MIT */
/* The decoders: what they accept exactly, and what they must refuse. */
#include <glib.h>
#include <stdio.h>
#include <jpeglib.h>
#include <zstd.h>

#include "mtp-client/core/codecs.h"

#define WIDTH 32
#define HEIGHT 24

struct jpeg_kind {
	bool grey, progressive, arithmetic;
};

/* A flat picture of colour 200, 100, 50 (grey: 120). Caller frees. */
static uint8_t *encode(struct jpeg_kind kind, size_t *n)
{
	struct jpeg_compress_struct jpeg;
	struct jpeg_error_mgr errors;
	unsigned char *out = NULL;
	unsigned long size = 0;
	uint8_t row[WIDTH * 3];
	JSAMPROW rows = row;

	for (unsigned i = 0; i < sizeof(row); i++)
		row[i] = kind.grey ? 120 : (const uint8_t[]){200, 100, 50}[i % 3];
	jpeg.err = jpeg_std_error(&errors);
	jpeg_create_compress(&jpeg);
	jpeg_mem_dest(&jpeg, &out, &size);
	jpeg.image_width = WIDTH;
	jpeg.image_height = HEIGHT;
	jpeg.input_components = kind.grey ? 1 : 3;
	jpeg.in_color_space = kind.grey ? JCS_GRAYSCALE : JCS_RGB;
	jpeg_set_defaults(&jpeg);
	jpeg_set_quality(&jpeg, 95, TRUE);
	jpeg.arith_code = kind.arithmetic;
	if (kind.progressive)
		jpeg_simple_progression(&jpeg);
	jpeg_start_compress(&jpeg, TRUE);
	while (jpeg.next_scanline < HEIGHT)
		jpeg_write_scanlines(&jpeg, &rows, 1);
	jpeg_finish_compress(&jpeg);
	jpeg_destroy_compress(&jpeg);

	uint8_t *copy = g_memdup2(out, size);

	free(out);
	*n = size;
	return copy;
}

static bool decode(const struct mtp_codecs *codecs, uint8_t *rgba, unsigned width, unsigned height,
    const uint8_t *jpeg, size_t n)
{
	return codecs->jpeg_decode(codecs->context, rgba, WIDTH * 4, width, height, jpeg, n);
}

static void assert_near(const uint8_t *rgba, int red, int green, int blue)
{
	g_assert_cmpint(ABS(rgba[0] - red), <=, 3);
	g_assert_cmpint(ABS(rgba[1] - green), <=, 3);
	g_assert_cmpint(ABS(rgba[2] - blue), <=, 3);
	g_assert_cmpint(rgba[3], ==, 255);
}

static void test_jpeg(void)
{
	struct mtp_codecs codecs;
	uint8_t rgba[WIDTH * HEIGHT * 4] = {0};
	size_t n;

	g_assert_true(mtp_codecs_init(&codecs));
	g_autofree uint8_t *colour = encode((struct jpeg_kind){0}, &n);

	g_assert_true(decode(&codecs, rgba, WIDTH, HEIGHT, colour, n));
	assert_near(rgba, 200, 100, 50);
	assert_near(rgba + sizeof(rgba) - 4, 200, 100, 50);

	g_autofree uint8_t *grey = encode((struct jpeg_kind){.grey = true}, &n);

	g_assert_true(decode(&codecs, rgba, WIDTH, HEIGHT, grey, n));
	assert_near(rgba, 120, 120, 120);
	mtp_codecs_finish(&codecs);
}

/* Whatever was refused, the next good picture decodes. */
static void test_jpeg_refused(void)
{
	static const struct jpeg_kind kinds[] = {{.progressive = true}, {.arithmetic = true}};
	struct mtp_codecs codecs;
	uint8_t rgba[WIDTH * HEIGHT * 4];
	size_t n, other;

	g_assert_true(mtp_codecs_init(&codecs));
	g_autofree uint8_t *good = encode((struct jpeg_kind){0}, &n);

	for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree uint8_t *bad = encode(kinds[i], &other);

		g_assert_false(decode(&codecs, rgba, WIDTH, HEIGHT, bad, other));
		g_assert_true(decode(&codecs, rgba, WIDTH, HEIGHT, good, n));
	}
	/* The tile says another size than the picture: it would be written outside. */
	g_assert_false(decode(&codecs, rgba, WIDTH - 1, HEIGHT, good, n));
	g_assert_false(decode(&codecs, rgba, WIDTH, HEIGHT - 1, good, n));
	for (size_t cut = 0; cut < n - 2; cut++) /* without the end marker all is there */
		g_assert_false(decode(&codecs, rgba, WIDTH, HEIGHT, good, cut));
	g_assert_true(decode(&codecs, rgba, WIDTH, HEIGHT, good, n));
	mtp_codecs_finish(&codecs);
}

static void test_zstd(void)
{
	struct mtp_codecs codecs;
	uint8_t packed[256], out[65];
	const uint8_t raw[64] = "the same eight bytes, and then the same eight bytes again";
	size_t n = ZSTD_compress(packed, sizeof(packed), raw, sizeof(raw), 3);

	g_assert_true(mtp_codecs_init(&codecs));
	g_assert_true(codecs.zstd_decompress(codecs.context, out, 64, packed, n));
	g_assert_cmpmem(out, 64, raw, 64);
	g_assert_false(codecs.zstd_decompress(codecs.context, out, 63, packed, n));
	g_assert_false(codecs.zstd_decompress(codecs.context, out, 65, packed, n));
	g_assert_false(codecs.zstd_decompress(codecs.context, out, 64, packed, n - 1));
	g_assert_false(codecs.zstd_decompress(codecs.context, out, 64, packed, 0));
	packed[0] ^= 1;
	g_assert_false(codecs.zstd_decompress(codecs.context, out, 64, packed, n));
	mtp_codecs_finish(&codecs);
	mtp_codecs_finish(&codecs); /* twice is once */
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/codecs/jpeg", test_jpeg);
	g_test_add_func("/codecs/jpeg-refused", test_jpeg_refused);
	g_test_add_func("/codecs/zstd", test_zstd);
	return g_test_run();
}
