/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which video codec for pictures that move? Every encoder of codec.c on the same frames in the same
 * run, decoded again by libavcodec, a line each:
 *
 *   video sequence= codec= speed= quality= frames= bytes= psnr= encode_ms= decode_ms= ratio_x264=
 *
 * encode_ms and decode_ms: processor time of a frame, one thread, without the conversion from RGB
 * and back, which is told once (convert). ratio_x264: bytes, against the list's first. PSNR is that
 * of RGB, so it has 4:2:0's loss in it.
 */
#include <libavcodec/avcodec.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/video/codec.h"
#include "bench/video/sequence.h"

struct result {
	size_t bytes;
	double squared_error;
	int64_t encode_ns, decode_ns, convert_ns;
};

/* Of the process: an encoder may have threads that it was not asked for. */
static int64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double squared_error(const uint32_t *pixels, const uint8_t *rgba, size_t n)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++, rgba += 4) {
		int r = (int)(pixels[i] >> 16 & 255) - rgba[0];
		int g = (int)(pixels[i] >> 8 & 255) - rgba[1];
		int b = (int)(pixels[i] & 255) - rgba[2];
		sum += (uint64_t)(r * r + g * g + b * b);
	}
	return (double)sum;
}

static AVCodecContext *open_decoder(const char *name)
{
	const AVCodec *codec = avcodec_find_decoder_by_name(name);
	AVCodecContext *context = codec ? avcodec_alloc_context3(codec) : NULL;
	if (!context)
		return NULL;
	context->thread_count = 1;
	context->flags = AV_CODEC_FLAG_LOW_DELAY;
	if (avcodec_open2(context, codec, NULL) < 0)
		avcodec_free_context(&context);
	return context;
}

static bool decode(AVCodecContext *decoder, const GByteArray *unit, AVFrame *frame)
{
	AVPacket *packet = av_packet_alloc();
	bool good = av_new_packet(packet, (int)unit->len) == 0;
	if (good) {
		memcpy(packet->data, unit->data, unit->len);
		good = avcodec_send_packet(decoder, packet) == 0 &&
		       avcodec_receive_frame(decoder, frame) == 0;
	}
	av_packet_free(&packet);
	return good;
}

static bool run_frame(const struct codec *codec, void *encoder, AVCodecContext *decoder,
    const uint32_t *pixels, const struct mtp_i420 *yuv, uint8_t *rgba, struct result *result)
{
	g_autoptr(GByteArray) unit = g_byte_array_new();
	AVFrame *frame = av_frame_alloc();
	int64_t begin = now_ns();
	mtp_i420_put(yuv, 0, 0, yuv->width, yuv->height, pixels, yuv->width);
	int64_t converted = now_ns();
	bool good = codec->encode(encoder, yuv, unit);
	int64_t encoded = now_ns();
	good = good && decode(decoder, unit, frame);
	int64_t decoded = now_ns();
	result->convert_ns += converted - begin;
	result->encode_ns += encoded - converted;
	result->decode_ns += decoded - encoded;
	result->bytes += unit->len;
	if (good && frame->width == (int)yuv->width && frame->height == (int)yuv->height) {
		struct mtp_i420 shown = {.width = yuv->width, .height = yuv->height};
		for (int i = 0; i < 3; i++) {
			shown.planes[i] = frame->data[i];
			shown.strides[i] = (size_t)frame->linesize[i];
		}
		mtp_i420_get(&shown, 0, 0, yuv->width, yuv->height, 0, rgba, yuv->width * 4ul);
		result->squared_error +=
		    squared_error(pixels, rgba, (size_t)yuv->width * yuv->height);
	} else {
		good = false;
	}
	av_frame_free(&frame);
	return good;
}

static bool run(
    const struct codec *codec, const struct sequence *s, struct result *result, GError **error)
{
	size_t area = (size_t)s->width * s->height;
	g_autofree uint32_t *pixels = g_new0(uint32_t, area);
	g_autofree uint8_t *memory = g_malloc(mtp_i420_size(s->width, s->height));
	g_autofree uint8_t *rgba = g_malloc(area * 4);
	struct mtp_i420 yuv = mtp_i420_of(memory, s->width, s->height);
	void *encoder = codec->open(codec, s->width, s->height);
	AVCodecContext *decoder = open_decoder(codec->decoder);
	bool good = encoder && decoder;
	for (unsigned i = 0; good && i < s->frames; i++)
		good = sequence_frame(s, i, pixels, error) &&
		       run_frame(codec, encoder, decoder, pixels, &yuv, rgba, result);
	if (encoder)
		codec->close(encoder);
	avcodec_free_context(&decoder);
	return good;
}

static bool compare(const struct sequence *s, const char *only, GError **error)
{
	size_t peer = 0;
	for (const struct codec *codec = codecs; codec->name; codec++) {
		struct result result = {0};
		if (only && peer && !strstr(only, codec->name))
			continue;
		if (!run(codec, s, &result, error)) {
			if (*error)
				return false;
			printf("video sequence=%s codec=%s speed=%d failed\n", s->name, codec->name,
			    codec->speed);
			continue;
		}
		peer = peer ? peer : result.bytes;
		double samples = 3.0 * s->width * s->height * s->frames;
		printf("video sequence=%s codec=%s speed=%d quality=%d frames=%u bytes=%zu "
		       "psnr=%.2f encode_ms=%.2f decode_ms=%.2f convert_ms=%.2f ratio_x264=%.3f\n",
		    s->name, codec->name, codec->speed, codec->quality, s->frames, result.bytes,
		    10 * log10(255 * 255 * samples / result.squared_error),
		    (double)result.encode_ns / 1e6 / s->frames,
		    (double)result.decode_ns / 1e6 / s->frames,
		    (double)result.convert_ns / 1e6 / s->frames,
		    (double)result.bytes / (double)peer);
		fflush(stdout);
	}
	return true;
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	bool good = argc >= 2;
	bool photographs = argc == 3 && g_file_test(argv[1], G_FILE_TEST_IS_REGULAR);
	av_log_set_level(AV_LOG_ERROR);
	if (argc < 2) {
		fputs("usage: bench-video PHOTOGRAPH.jpg PHOTOGRAPH.jpg | bench-video FOLDER...\n"
		      "A folder is a recording of <milliseconds>.ppm. CODECS=\"x264 vp9\" runs "
		      "only these.\n",
		    stderr);
		return 2;
	}
	for (unsigned i = 0; good && i < (photographs ? SEQUENCE_KINDS : (unsigned)argc - 1); i++) {
		struct sequence s;
		good = (photographs ? sequence_init_drawn(&s, i, argv + 1, &error)
		                    : sequence_init_recorded(&s, argv[i + 1], &error)) &&
		       compare(&s, getenv("CODECS"), &error);
		sequence_finish(&s);
	}
	if (!good)
		fprintf(stderr, "bench-video: %s\n", error->message);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
