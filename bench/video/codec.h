/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Video encoders under one table: one thread, no frame of delay, constant quality, and a key frame
 * only at the beginning. A library that is not installed is not in the list.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "mtp/i420.h"

struct codec {
	const char *name;
	const char *decoder; /* libavcodec's name */
	int speed, quality;  /* the library's own scales */
	/* NULL: the library will not. */
	void *(*open)(const struct codec *codec, unsigned width, unsigned height);
	/* The access unit of this frame, appended; false: none, or a frame of delay. */
	bool (*encode)(void *encoder, const struct mtp_i420 *frame, GByteArray *unit);
	void (*close)(void *encoder);
};

/* Ends with a codec without a name. */
extern const struct codec codecs[];

void *x264_open(const struct codec *codec, unsigned width, unsigned height);
bool x264_encode(void *encoder, const struct mtp_i420 *frame, GByteArray *unit);
void x264_close(void *encoder);
void *vp9_open(const struct codec *codec, unsigned width, unsigned height);
void *vp8_open(const struct codec *codec, unsigned width, unsigned height);
bool vpx_encode(void *encoder, const struct mtp_i420 *frame, GByteArray *unit);
void vpx_close(void *encoder);
void *av1_open(const struct codec *codec, unsigned width, unsigned height);
bool av1_encode(void *encoder, const struct mtp_i420 *frame, GByteArray *unit);
void av1_close(void *encoder);
void *mjpeg_open(const struct codec *codec, unsigned width, unsigned height);
bool mjpeg_encode(void *encoder, const struct mtp_i420 *frame, GByteArray *unit);
void mjpeg_close(void *encoder);
void *openh264_open(const struct codec *codec, unsigned width, unsigned height);
bool openh264_encode(void *encoder, const struct mtp_i420 *frame, GByteArray *unit);
void openh264_close(void *encoder);
