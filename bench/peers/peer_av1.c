/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <aom/aom_encoder.h>
#include <aom/aomcx.h>

#include "bench/screen/cpu_clock.h"
#include "bench/peers/peer.h"
#include "bench/peers/yuv.h"
#include "common/error.h"

#define SPEED 9
#define LEVEL 30

struct av1 {
	aom_codec_ctx_t codec;
	bool opened;
	struct yuv yuv;
	unsigned width, height;
	uint8_t *rgba;
	uint64_t last_ms;
	bool begun;
	struct peer_cost cost;
};

static void close_peer(void *peer)
{
	struct av1 *a = peer;
	if (a->opened)
		aom_codec_destroy(&a->codec);
	yuv_finish(&a->yuv);
	g_free(a->rgba);
	g_free(a);
}

static bool fail(struct av1 *a, GError **error)
{
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "libaom: %s", aom_codec_error(&a->codec));
	return false;
}

static bool configure(struct av1 *a)
{
	aom_codec_enc_cfg_t config;
	aom_codec_iface_t *av1 = aom_codec_av1_cx();
	if (aom_codec_enc_config_default(av1, &config, AOM_USAGE_REALTIME))
		return false;
	config.g_w = a->yuv.width;
	config.g_h = a->yuv.height;
	config.g_threads = 1;
	config.g_timebase = (struct aom_rational){1, 1000};
	config.g_lag_in_frames = 0;
	config.rc_end_usage = AOM_Q;
	config.kf_mode = AOM_KF_DISABLED;
	if (aom_codec_enc_init(&a->codec, av1, &config, 0))
		return false;
	a->opened = true;
	return !aom_codec_control(&a->codec, AOME_SET_CPUUSED, SPEED) &&
	       !aom_codec_control(&a->codec, AOME_SET_CQ_LEVEL, LEVEL) &&
	       !aom_codec_control(&a->codec, AV1E_SET_TUNE_CONTENT, AOM_CONTENT_SCREEN) &&
	       !aom_codec_control(&a->codec, AV1E_SET_ENABLE_PALETTE, 1) &&
	       !aom_codec_control(&a->codec, AV1E_SET_ENABLE_INTRABC, 1) &&
	       !aom_codec_control(&a->codec, AV1E_SET_COLOR_RANGE, AOM_CR_FULL_RANGE);
}

static void *open_peer(unsigned width, unsigned height, GError **error)
{
	struct av1 *a = g_new0(struct av1, 1);
	yuv_init(&a->yuv, width, height);
	a->width = width;
	a->height = height;
	a->rgba = g_malloc0((size_t)width * height * 4);
	if (configure(a))
		return a;
	fail(a, error);
	close_peer(a);
	return NULL;
}

static bool encode(struct av1 *a, uint64_t ms)
{
	aom_image_t image;
	aom_img_wrap(&image, AOM_IMG_FMT_I420, a->yuv.width, a->yuv.height, 1, a->yuv.planes[0]);
	image.range = AOM_CR_FULL_RANGE;
	for (unsigned i = 0; i < 3; i++) {
		image.planes[i] = a->yuv.planes[i];
		image.stride[i] = a->yuv.strides[i];
	}
	uint64_t lasts = a->begun ? MAX(ms - a->last_ms, 1) : 1;
	int64_t begin = cpu_clock_ns();
	bool good = !aom_codec_encode(&a->codec, &image, (aom_codec_pts_t)ms, lasts, 0);
	aom_codec_iter_t at = NULL;
	for (const aom_codec_cx_pkt_t *packet;
	     good && (packet = aom_codec_get_cx_data(&a->codec, &at));)
		if (packet->kind == AOM_CODEC_CX_FRAME_PKT)
			a->cost.bytes += packet->data.frame.sz;
	a->cost.cpu_ns += cpu_clock_ns() - begin;
	a->begun = true;
	a->last_ms = ms;
	return good;
}

static bool frame(void *peer, uint64_t ms, const struct ppm *ppm, GError **error)
{
	struct av1 *a = peer;
	yuv_from_ppm(&a->yuv, ppm);
	aom_image_t made;
	if (!encode(a, ms) || aom_codec_control(&a->codec, AV1_GET_NEW_FRAME_IMAGE, &made))
		return fail(a, error);
	if (made.fmt != AOM_IMG_FMT_I420) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "libaom shows another format");
		return false;
	}
	yuv_to_rgba(made.planes, made.stride, 1, a->width, a->height, a->rgba);
	return true;
}

static const uint8_t *shown(void *peer)
{
	return ((struct av1 *)peer)->rgba;
}

static struct peer_cost cost(void *peer)
{
	return ((struct av1 *)peer)->cost;
}

const struct peer_class peer_av1 = {.name = "av1",
    .open = open_peer,
    .close = close_peer,
    .frame = frame,
    .shown = shown,
    .cost = cost};
