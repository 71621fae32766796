/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/video_encoder.h"

#include <glib.h>
#include <string.h>

#ifdef HAVE_X264
#include <x264.h>

/* Better than veryfast at 23, in fewer bytes and half its time (docs/decisions/080, 122). */
#define PRESET "superfast"
#define QUALITY 25.0F
/* How much of a motion's complexity the rate follows: 0.7 is 7 % less than x264's 0.6 for 0.1 dB.
 */
#define COMPLEXITY 0.7F

struct video_encoder {
	x264_t *x264;
	GByteArray *unit;
	x264_image_t shown; /* planes of the encoder's own; NV12 */
	x264_param_t parameters;
	unsigned width, height;
};

static void be_silent(void *data, int level, const char *format, va_list arguments)
{
	(void)data, (void)level, (void)format, (void)arguments;
}

bool video_encoder_is_there(void)
{
	return true;
}

struct video_encoder *video_encoder_new(unsigned width, unsigned height)
{
	x264_param_t p;
	if (x264_param_default_preset(&p, PRESET, "zerolatency") < 0)
		return NULL;
	p.i_width = (int)width;
	p.i_height = (int)height;
	p.i_csp = X264_CSP_I420;
	p.i_threads = 1;
	p.i_keyint_max = X264_KEYINT_MAX_INFINITE;
	p.i_scenecut_threshold = 0;
	p.b_repeat_headers = 1;
	p.b_annexb = 1;
	p.vui.b_fullrange = 1;
	p.vui.i_colmatrix = 6; /* BT.601, ITU-T H.264 Table E-5 */
	p.rc.i_rc_method = X264_RC_CRF;
	p.rc.f_rf_constant = QUALITY;
	p.rc.f_qcompress = COMPLEXITY;
	p.b_full_recon = 1; /* video_encoder_shown() */
	/* It spends bits where the eye is said to look and not where the error is. */
	p.rc.i_aq_mode = X264_AQ_NONE;
	p.pf_log = be_silent;
	x264_t *x264 = x264_encoder_open(&p);
	if (!x264)
		return NULL;
	struct video_encoder *encoder = g_new0(struct video_encoder, 1);
	encoder->x264 = x264;
	encoder->parameters = p;
	encoder->width = width;
	encoder->height = height;
	encoder->unit = g_byte_array_new();
	return encoder;
}

void video_encoder_free(struct video_encoder *encoder)
{
	if (!encoder)
		return;
	x264_encoder_close(encoder->x264);
	g_byte_array_unref(encoder->unit);
	g_free(encoder);
}

void video_encoder_roughen(struct video_encoder *encoder, unsigned steps)
{
	float quality = QUALITY + (float)steps;
	if (encoder->parameters.rc.f_rf_constant == quality)
		return;
	encoder->parameters.rc.f_rf_constant = quality;
	x264_encoder_reconfig(encoder->x264, &encoder->parameters);
}

const uint8_t *video_encode(
    struct video_encoder *encoder, const struct mtp_i420 *frame, unsigned qp, size_t *size)
{
	x264_picture_t in, out;
	x264_picture_init(&in);
	in.img.i_csp = X264_CSP_I420;
	in.img.i_plane = 3;
	in.i_qpplus1 = qp == VIDEO_QP_AUTO ? X264_QP_AUTO : (int)qp + 1;
	for (int i = 0; i < 3; i++) {
		in.img.plane[i] = frame->planes[i];
		in.img.i_stride[i] = (int)frame->strides[i];
	}
	x264_nal_t *nals;
	int n;
	if (x264_encoder_encode(encoder->x264, &nals, &n, &in, &out) <= 0)
		return NULL;
	encoder->shown = out.img;
	g_byte_array_set_size(encoder->unit, 0);
	/* SEI would tell the world x264's version and settings. */
	for (int i = 0; i < n; i++)
		if (nals[i].i_type != NAL_SEI)
			g_byte_array_append(
			    encoder->unit, nals[i].p_payload, (guint)nals[i].i_payload);
	*size = encoder->unit->len;
	return encoder->unit->data;
}

void video_encoder_shown(const struct video_encoder *encoder, const struct mtp_i420 *to)
{
	const x264_image_t *shown = &encoder->shown;
	for (unsigned y = 0; y < encoder->height; y++)
		memcpy(to->planes[0] + y * to->strides[0],
		    shown->plane[0] + (size_t)y * (size_t)shown->i_stride[0], encoder->width);
	for (unsigned y = 0; y < encoder->height / 2; y++) {
		const uint8_t *pair = shown->plane[1] + (size_t)y * (size_t)shown->i_stride[1];
		uint8_t *cb = to->planes[1] + y * to->strides[1];
		uint8_t *cr = to->planes[2] + y * to->strides[2];
		for (unsigned x = 0; x < encoder->width / 2; x++) {
			cb[x] = pair[2 * x];
			cr[x] = pair[2 * x + 1];
		}
	}
}

#else

bool video_encoder_is_there(void)
{
	return false;
}

struct video_encoder *video_encoder_new(unsigned width, unsigned height)
{
	(void)width, (void)height;
	return NULL;
}

void video_encoder_free(struct video_encoder *encoder)
{
	(void)encoder;
}

void video_encoder_roughen(struct video_encoder *encoder, unsigned steps)
{
	(void)encoder, (void)steps;
}

const uint8_t *video_encode(
    struct video_encoder *encoder, const struct mtp_i420 *frame, unsigned qp, size_t *size)
{
	(void)encoder, (void)frame;
	*size = 0;
	return NULL;
}
#endif
