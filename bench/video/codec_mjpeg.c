/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A JPEG a frame, by libjpeg-turbo's TurboJPEG (turbojpeg.h): what tiles of kind JPEG cost. */
#include "bench/video/codec.h"

#include <turbojpeg.h>

struct mjpeg {
	tjhandle handle;
	int quality;
};

void *mjpeg_open(const struct codec *codec, unsigned width, unsigned height)
{
	(void)width, (void)height;
	struct mjpeg *m = g_new0(struct mjpeg, 1);
	m->handle = tjInitCompress();
	m->quality = codec->quality;
	return m;
}

bool mjpeg_encode(void *encoder, const struct mtp_i420 *frame, GByteArray *unit)
{
	struct mjpeg *m = encoder;
	const unsigned char *planes[3] = {frame->planes[0], frame->planes[1], frame->planes[2]};
	int strides[3] = {(int)frame->strides[0], (int)frame->strides[1], (int)frame->strides[2]};
	unsigned char *bytes = NULL;
	unsigned long n = 0;
	bool good =
	    tjCompressFromYUVPlanes(m->handle, planes, (int)frame->width, strides,
	        (int)frame->height, TJSAMP_420, &bytes, &n, m->quality, TJFLAG_FASTDCT) == 0;
	if (good)
		g_byte_array_append(unit, bytes, (guint)n);
	tjFree(bytes);
	return good;
}

void mjpeg_close(void *encoder)
{
	struct mjpeg *m = encoder;
	tjDestroy(m->handle);
	g_free(m);
}
