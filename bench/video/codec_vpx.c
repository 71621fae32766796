/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vpx/vp8cx.h; the settings are those that libvpx's examples/vpx_temporal_svc_encoder.c and WebRTC
 * use for a screen in real time. */
#include "bench/video/codec.h"

#include <vpx/vp8cx.h>
#include <vpx/vpx_encoder.h>

struct vpx {
	vpx_codec_ctx_t codec;
	int64_t frames;
};

static void *open_vpx(
    vpx_codec_iface_t *interface, const struct codec *codec, unsigned width, unsigned height)
{
	vpx_codec_enc_cfg_t c;
	if (vpx_codec_enc_config_default(interface, &c, 0) != VPX_CODEC_OK)
		return NULL;
	c.g_w = width;
	c.g_h = height;
	c.g_threads = 1;
	c.g_lag_in_frames = 0;
	c.g_error_resilient = 0;
	c.g_timebase = (vpx_rational_t){1, 30};
	c.rc_end_usage = VPX_CQ;
	/* A rate that is never reached: the quality is what is wanted. */
	c.rc_target_bitrate = 100000;
	c.rc_min_quantizer = 4;
	c.rc_max_quantizer = (unsigned)codec->quality;
	c.kf_mode = VPX_KF_DISABLED;
	struct vpx *vpx = g_new0(struct vpx, 1);
	if (vpx_codec_enc_init(&vpx->codec, interface, &c, 0) != VPX_CODEC_OK) {
		g_free(vpx);
		return NULL;
	}
	vpx_codec_control(&vpx->codec, VP8E_SET_CPUUSED, codec->speed);
	vpx_codec_control(&vpx->codec, VP8E_SET_CQ_LEVEL, (unsigned)codec->quality);
	return vpx;
}

void *vp8_open(const struct codec *codec, unsigned width, unsigned height)
{
	return open_vpx(vpx_codec_vp8_cx(), codec, width, height);
}

void *vp9_open(const struct codec *codec, unsigned width, unsigned height)
{
	struct vpx *vpx = open_vpx(vpx_codec_vp9_cx(), codec, width, height);
	if (vpx) {
		vpx_codec_control(&vpx->codec, VP9E_SET_AQ_MODE, 0);
		vpx_codec_control(&vpx->codec, VP9E_SET_COLOR_RANGE, 1);
	}
	return vpx;
}

bool vpx_encode(void *encoder, const struct mtp_i420 *frame, GByteArray *unit)
{
	struct vpx *vpx = encoder;
	vpx_image_t image;
	vpx_img_wrap(&image, VPX_IMG_FMT_I420, frame->width, frame->height, 1, frame->planes[0]);
	for (int i = 0; i < 3; i++) {
		image.planes[i] = frame->planes[i];
		image.stride[i] = (int)frame->strides[i];
	}
	if (vpx_codec_encode(&vpx->codec, &image, vpx->frames++, 1, 0, VPX_DL_REALTIME) !=
	    VPX_CODEC_OK)
		return false;
	vpx_codec_iter_t iterator = NULL;
	const vpx_codec_cx_pkt_t *packet;
	guint before = unit->len;
	while ((packet = vpx_codec_get_cx_data(&vpx->codec, &iterator)))
		if (packet->kind == VPX_CODEC_CX_FRAME_PKT)
			g_byte_array_append(
			    unit, packet->data.frame.buf, (guint)packet->data.frame.sz);
	return unit->len > before;
}

void vpx_close(void *encoder)
{
	struct vpx *vpx = encoder;
	vpx_codec_destroy(&vpx->codec);
	g_free(vpx);
}
