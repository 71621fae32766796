/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/video/codec.h"

#define X264(speed_, quality_)                                                                     \
	{                                                                                          \
		"x264", "h264", speed_, quality_, x264_open, x264_encode, x264_close               \
	}
#define VP8(speed_, quality_)                                                                      \
	{                                                                                          \
		"vp8", "vp8", speed_, quality_, vp8_open, vpx_encode, vpx_close                    \
	}
#define VP9(speed_, quality_)                                                                      \
	{                                                                                          \
		"vp9", "vp9", speed_, quality_, vp9_open, vpx_encode, vpx_close                    \
	}
#define AV1(speed_, quality_)                                                                      \
	{                                                                                          \
		"av1", "libdav1d", speed_, quality_, av1_open, av1_encode, av1_close               \
	}
#define OPENH264(quality_)                                                                         \
	{                                                                                          \
		"openh264", "h264", 0, quality_, openh264_open, openh264_encode, openh264_close    \
	}
#define MJPEG(quality_)                                                                            \
	{                                                                                          \
		"mjpeg", "mjpeg", 0, quality_, mjpeg_open, mjpeg_encode, mjpeg_close               \
	}

/* The first is the peer that the others are measured against. x264's speeds are its presets:
 * 0 ultrafast, 1 superfast (without adaptive quantisation, as video_encoder.c has it), 2 veryfast.
 */
const struct codec codecs[] = {
    X264(2, 23),
    X264(1, 24),
    X264(1, 25),
    X264(0, 26),
    VP8(12, 30),
    VP9(8, 44),
    AV1(9, 44),
    AV1(10, 46),
    OPENH264(24),
    MJPEG(80),
    {0},
};
