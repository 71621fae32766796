/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>

#include <x264.h>

#include "bench/screen/cpu_clock.h"
#include "bench/peers/peer.h"
#include "bench/peers/yuv.h"
#include "common/error.h"

struct x264 {
	x264_t *encoder;
	struct yuv yuv;
	unsigned width, height;
	int64_t frames;
	uint8_t *rgba;
	struct peer_cost cost;
};

static void close_peer(void *peer)
{
	struct x264 *x = peer;
	if (x->encoder)
		x264_encoder_close(x->encoder);
	yuv_finish(&x->yuv);
	g_free(x->rgba);
	g_free(x);
}

static void *open_peer(unsigned width, unsigned height, GError **error)
{
	struct x264 *x = g_new0(struct x264, 1);
	yuv_init(&x->yuv, width, height);
	x->width = width;
	x->height = height;
	x->rgba = g_malloc0((size_t)width * height * 4);
	x264_param_t param;
	x264_param_default_preset(&param, "veryfast", "zerolatency");
	param.i_width = (int)x->yuv.width;
	param.i_height = (int)x->yuv.height;
	param.i_csp = X264_CSP_I420;
	param.rc.i_rc_method = X264_RC_CRF;
	param.rc.f_rf_constant = 23;
	param.i_keyint_max = X264_KEYINT_MAX_INFINITE;
	param.i_threads = 1;
	param.i_log_level = X264_LOG_ERROR;
	/* Times of their own for the frames would delay each by one. */
	param.b_vfr_input = 0;
	param.vui.b_fullrange = 1;
	param.b_full_recon = 1;
	x->encoder = x264_encoder_open(&param);
	if (!x->encoder) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_FAILED, "libx264 refuses %ux%u", width, height);
		close_peer(x);
		return NULL;
	}
	return x;
}

static bool frame(void *peer, uint64_t ms, const struct ppm *ppm, GError **error)
{
	(void)ms;
	struct x264 *x = peer;
	yuv_from_ppm(&x->yuv, ppm);
	x264_picture_t in, out;
	x264_picture_init(&in);
	in.img.i_csp = X264_CSP_I420;
	in.img.i_plane = 3;
	for (unsigned i = 0; i < 3; i++) {
		in.img.plane[i] = x->yuv.planes[i];
		in.img.i_stride[i] = x->yuv.strides[i];
	}
	in.i_pts = x->frames++;
	x264_nal_t *units;
	int n;
	int64_t begin = cpu_clock_ns();
	int size = x264_encoder_encode(x->encoder, &units, &n, &in, &out);
	x->cost.cpu_ns += cpu_clock_ns() - begin;
	if (size <= 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "libx264 gives no picture");
		return false;
	}
	x->cost.bytes += (uint64_t)size;
	/* What it keeps as reference, and a decoder shows, is NV12. */
	uint8_t *const planes[3] = {out.img.plane[0], out.img.plane[1], out.img.plane[1] + 1};
	const int strides[3] = {out.img.i_stride[0], out.img.i_stride[1], out.img.i_stride[1]};
	yuv_to_rgba(planes, strides, 2, x->width, x->height, x->rgba);
	return true;
}

static const uint8_t *shown(void *peer)
{
	return ((struct x264 *)peer)->rgba;
}

static struct peer_cost cost(void *peer)
{
	return ((struct x264 *)peer)->cost;
}

const struct peer_class peer_x264 = {.name = "x264",
    .open = open_peer,
    .close = close_peer,
    .frame = frame,
    .shown = shown,
    .cost = cost};
