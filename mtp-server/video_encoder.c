/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/video_encoder.h"

#include <glib.h>

#ifdef HAVE_X264
#include <x264.h>

/* Better than veryfast at 23, in fewer bytes and half its time (docs/decisions/080). */
#define PRESET "superfast"
#define QUALITY 24.3F

struct video_encoder {
	x264_t *x264;
	GByteArray *unit;
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
	/* It spends bits where the eye is said to look and not where the error is. */
	p.rc.i_aq_mode = X264_AQ_NONE;
	p.pf_log = be_silent;
	x264_t *x264 = x264_encoder_open(&p);
	if (!x264)
		return NULL;
	struct video_encoder *encoder = g_new0(struct video_encoder, 1);
	encoder->x264 = x264;
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

const uint8_t *video_encode(
    struct video_encoder *encoder, const struct mtp_i420 *frame, size_t *size)
{
	x264_picture_t in, out;
	x264_picture_init(&in);
	in.img.i_csp = X264_CSP_I420;
	in.img.i_plane = 3;
	for (int i = 0; i < 3; i++) {
		in.img.plane[i] = frame->planes[i];
		in.img.i_stride[i] = (int)frame->strides[i];
	}
	x264_nal_t *nals;
	int n;
	if (x264_encoder_encode(encoder->x264, &nals, &n, &in, &out) <= 0)
		return NULL;
	g_byte_array_set_size(encoder->unit, 0);
	/* SEI would tell the world x264's version and settings. */
	for (int i = 0; i < n; i++)
		if (nals[i].i_type != NAL_SEI)
			g_byte_array_append(
			    encoder->unit, nals[i].p_payload, (guint)nals[i].i_payload);
	*size = encoder->unit->len;
	return encoder->unit->data;
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

const uint8_t *video_encode(
    struct video_encoder *encoder, const struct mtp_i420 *frame, size_t *size)
{
	(void)encoder, (void)frame;
	*size = 0;
	return NULL;
}
#endif
