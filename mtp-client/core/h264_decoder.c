/* SPDX-License-Identifier: MIT */
/* Without the library nothing is left of this: the terminal then does not name the kind of tile. */
#ifdef HAVE_OPENH264
#include "mtp-client/core/h264_decoder.h"

#include <limits.h>
#include <stdlib.h>
#include <wels/codec_api.h>

struct h264_decoder {
	ISVCDecoder *library;
};

struct h264_decoder *h264_decoder_new(void)
{
	struct h264_decoder *decoder = calloc(1, sizeof(*decoder));
	SDecodingParam parameters = {.uiTargetDqLayer = UCHAR_MAX,
	    /* A picture that is guessed would be acknowledged as if it were right. */
	    .eEcActiveIdc = ERROR_CON_DISABLE,
	    .sVideoProperty = {
	        .size = sizeof(parameters.sVideoProperty), .eVideoBsType = VIDEO_BITSTREAM_AVC}};
	int silent = WELS_LOG_QUIET;

	if (!decoder || WelsCreateDecoder(&decoder->library) != 0) {
		free(decoder);
		return NULL;
	}
	(*decoder->library)->SetOption(decoder->library, DECODER_OPTION_TRACE_LEVEL, &silent);
	if ((*decoder->library)->Initialize(decoder->library, &parameters) == 0)
		return decoder;
	WelsDestroyDecoder(decoder->library);
	free(decoder);
	return NULL;
}

void h264_decoder_free(struct h264_decoder *decoder)
{
	if (!decoder)
		return;
	(*decoder->library)->Uninitialize(decoder->library);
	WelsDestroyDecoder(decoder->library);
	free(decoder);
}

bool h264_decode(struct h264_decoder *decoder, const uint8_t *unit, size_t size, unsigned width,
    unsigned height, struct mtp_i420 *picture)
{
	ISVCDecoder *library = decoder->library;
	uint8_t *planes[3] = {NULL};
	SBufferInfo info = {0};

	if (size > INT_MAX ||
	    (*library)->DecodeFrameNoDelay(library, unit, (int)size, planes, &info) != 0)
		return false;
	/* It waits for a second picture to tell in which order they are shown: as they come. */
	if (info.iBufferStatus != 1 &&
	    ((*library)->FlushFrame(library, planes, &info) != 0 || info.iBufferStatus != 1))
		return false;

	const SSysMEMBuffer *shown = &info.UsrData.sSystemBuffer;

	if (shown->iFormat != videoFormatI420 || shown->iWidth != (int)width ||
	    shown->iHeight != (int)height || shown->iStride[0] < (int)width ||
	    shown->iStride[1] < (int)width / 2)
		return false;
	*picture = (struct mtp_i420){.width = width,
	    .height = height,
	    .planes = {planes[0], planes[1], planes[2]},
	    .strides = {
	        (size_t)shown->iStride[0], (size_t)shown->iStride[1], (size_t)shown->iStride[1]}};
	return planes[0] && planes[1] && planes[2];
}
#endif
