/* SPDX-License-Identifier: GPL-2.0-or-later */
/* aom/aomcx.h; real time as in libaom's examples/svc_encoder_rtc.cc, with the screen's tools. */
#include "bench/video/codec.h"

#include <aom/aom_encoder.h>
#include <aom/aomcx.h>

struct av1 {
	aom_codec_ctx_t codec;
	int64_t frames;
};

void *av1_open(const struct codec *codec, unsigned width, unsigned height)
{
	aom_codec_enc_cfg_t c;
	if (aom_codec_enc_config_default(aom_codec_av1_cx(), &c, AOM_USAGE_REALTIME) !=
	    AOM_CODEC_OK)
		return NULL;
	c.g_w = width;
	c.g_h = height;
	c.g_threads = 1;
	c.g_lag_in_frames = 0;
	c.g_timebase = (aom_rational_t){1, 30};
	c.rc_end_usage = AOM_CQ;
	c.rc_target_bitrate = 100000;
	c.rc_min_quantizer = 4;
	c.rc_max_quantizer = (unsigned)codec->quality;
	c.kf_mode = AOM_KF_DISABLED;
	struct av1 *av1 = g_new0(struct av1, 1);
	if (aom_codec_enc_init(&av1->codec, aom_codec_av1_cx(), &c, 0) != AOM_CODEC_OK) {
		g_free(av1);
		return NULL;
	}
	aom_codec_control(&av1->codec, AOME_SET_CPUUSED, codec->speed);
	aom_codec_control(&av1->codec, AOME_SET_CQ_LEVEL, codec->quality);
	aom_codec_control(&av1->codec, AV1E_SET_TUNE_CONTENT, AOM_CONTENT_SCREEN);
	aom_codec_control(&av1->codec, AV1E_SET_AQ_MODE, 0);
	aom_codec_control(&av1->codec, AV1E_SET_COLOR_RANGE, 1);
	aom_codec_control(&av1->codec, AV1E_SET_ENABLE_GLOBAL_MOTION, 0);
	aom_codec_control(&av1->codec, AV1E_SET_ENABLE_WARPED_MOTION, 0);
	aom_codec_control(&av1->codec, AV1E_SET_ENABLE_OBMC, 0);
	return av1;
}

bool av1_encode(void *encoder, const struct mtp_i420 *frame, GByteArray *unit)
{
	struct av1 *av1 = encoder;
	aom_image_t image;
	aom_img_wrap(&image, AOM_IMG_FMT_I420, frame->width, frame->height, 1, frame->planes[0]);
	for (int i = 0; i < 3; i++) {
		image.planes[i] = frame->planes[i];
		image.stride[i] = (int)frame->strides[i];
	}
	image.range = AOM_CR_FULL_RANGE;
	if (aom_codec_encode(&av1->codec, &image, av1->frames++, 1, 0) != AOM_CODEC_OK)
		return false;
	aom_codec_iter_t iterator = NULL;
	const aom_codec_cx_pkt_t *packet;
	guint before = unit->len;
	while ((packet = aom_codec_get_cx_data(&av1->codec, &iterator)))
		if (packet->kind == AOM_CODEC_CX_FRAME_PKT)
			g_byte_array_append(
			    unit, packet->data.frame.buf, (guint)packet->data.frame.sz);
	return unit->len > before;
}

void av1_close(void *encoder)
{
	struct av1 *av1 = encoder;
	aom_codec_destroy(&av1->codec);
	g_free(av1);
}
