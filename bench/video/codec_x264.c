/* SPDX-License-Identifier: GPL-2.0-or-later */
/* x264.h; doc/ratecontrol.txt of x264. */
#include "bench/video/codec.h"

#include <x264.h>

void *x264_open(const struct codec *codec, unsigned width, unsigned height)
{
	x264_param_t p;
	if (x264_param_default_preset(&p, x264_preset_names[codec->speed], "zerolatency") < 0)
		return NULL;
	p.i_width = (int)width;
	p.i_height = (int)height;
	p.i_csp = X264_CSP_I420;
	p.i_threads = 1;
	p.i_keyint_max = X264_KEYINT_MAX_INFINITE;
	p.i_scenecut_threshold = 0;
	p.b_annexb = 1;
	p.vui.b_fullrange = 1;
	p.rc.i_rc_method = X264_RC_CRF;
	p.rc.f_rf_constant = (float)codec->quality;
	if (codec->speed == 1)
		p.rc.i_aq_mode = X264_AQ_NONE;
	p.i_log_level = X264_LOG_ERROR;
	return x264_encoder_open(&p);
}

bool x264_encode(void *encoder, const struct mtp_i420 *frame, GByteArray *unit)
{
	x264_picture_t in, out;
	x264_picture_init(&in);
	in.img.i_csp = X264_CSP_I420;
	in.img.i_plane = 3;
	for (int i = 0; i < 3; i++) {
		in.img.plane[i] = frame->planes[i];
		in.img.i_stride[i] = (int)frame->strides[i];
	}
	x264_nal_t *units;
	int n, size = x264_encoder_encode(encoder, &units, &n, &in, &out);
	if (size <= 0)
		return false;
	g_byte_array_append(unit, units[0].p_payload, (guint)size);
	return true;
}

void x264_close(void *encoder)
{
	x264_encoder_close(encoder);
}
