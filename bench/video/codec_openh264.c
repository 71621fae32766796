/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wels/codec_api.h. Constant quality is one quantiser here. */
#include "bench/video/codec.h"

#include <wels/codec_api.h>

struct openh264 {
	ISVCEncoder *encoder;
	int64_t frames;
};

void *openh264_open(const struct codec *codec, unsigned width, unsigned height)
{
	struct openh264 *o = g_new0(struct openh264, 1);
	SEncParamExt p;
	if (WelsCreateSVCEncoder(&o->encoder) != 0 ||
	    (*o->encoder)->GetDefaultParams(o->encoder, &p) != 0) {
		g_free(o);
		return NULL;
	}
	p.iUsageType = CAMERA_VIDEO_REAL_TIME;
	p.iPicWidth = (int)width;
	p.iPicHeight = (int)height;
	p.fMaxFrameRate = 30;
	p.iRCMode = RC_OFF_MODE;
	p.iMultipleThreadIdc = 1;
	p.uiIntraPeriod = 0;
	p.bEnableFrameSkip = false;
	p.iEntropyCodingModeFlag = 1;
	p.iComplexityMode = LOW_COMPLEXITY;
	p.sSpatialLayers[0].iVideoWidth = (int)width;
	p.sSpatialLayers[0].iVideoHeight = (int)height;
	p.sSpatialLayers[0].fFrameRate = 30;
	p.sSpatialLayers[0].iDLayerQp = codec->quality;
	p.sSpatialLayers[0].uiProfileIdc = PRO_HIGH;
	p.sSpatialLayers[0].sSliceArgument.uiSliceMode = SM_SINGLE_SLICE;
	int quiet = WELS_LOG_QUIET;
	(*o->encoder)->SetOption(o->encoder, ENCODER_OPTION_TRACE_LEVEL, &quiet);
	if ((*o->encoder)->InitializeExt(o->encoder, &p) != 0) {
		WelsDestroySVCEncoder(o->encoder);
		g_free(o);
		return NULL;
	}
	return o;
}

bool openh264_encode(void *encoder, const struct mtp_i420 *frame, GByteArray *unit)
{
	struct openh264 *o = encoder;
	SSourcePicture picture = {.iColorFormat = videoFormatI420,
	    .iPicWidth = (int)frame->width,
	    .iPicHeight = (int)frame->height,
	    .uiTimeStamp = o->frames++ * 33};
	for (int i = 0; i < 3; i++) {
		picture.pData[i] = frame->planes[i];
		picture.iStride[i] = (int)frame->strides[i];
	}
	SFrameBSInfo info = {0};
	if ((*o->encoder)->EncodeFrame(o->encoder, &picture, &info) != 0)
		return false;
	for (int layer = 0; layer < info.iLayerNum; layer++) {
		const SLayerBSInfo *l = &info.sLayerInfo[layer];
		int size = 0;
		for (int i = 0; i < l->iNalCount; i++)
			size += l->pNalLengthInByte[i];
		g_byte_array_append(unit, l->pBsBuf, (guint)size);
	}
	return unit->len > 0;
}

void openh264_close(void *encoder)
{
	struct openh264 *o = encoder;
	(*o->encoder)->Uninitialize(o->encoder);
	WelsDestroySVCEncoder(o->encoder);
	g_free(o);
}
