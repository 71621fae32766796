/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/delay/frames.h"

#include "bench/delay/stamp.h"
#include "bench/screen/recording.h"
#include "common/error.h"

struct frames *frames_open(const char *folder, GError **error)
{
	AUTO(recording) recording = recording_open(folder, error);
	if (!recording)
		return NULL;
	AUTO(frames) f = g_new0(struct frames, 1);
	for (size_t i = 0; i < MIN(recording->n, FRAMES_MAX); i++, f->n++)
		if (!ppm_read(recording->frames[i].path, &f->ppms[i], error))
			return NULL;
	f->width = f->ppms[0].width;
	f->height = f->ppms[0].height;
	bool same = f->width >= STAMP_WIDTH && f->height >= STAMP_HEIGHT;
	for (size_t i = 0; i < f->n; i++)
		same = same && f->ppms[i].width == f->width && f->ppms[i].height == f->height;
	if (same)
		return g_steal_pointer(&f);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "the frames of %s have not all one size, of %ux%u or more", folder, STAMP_WIDTH,
	    STAMP_HEIGHT);
	return NULL;
}

void frames_free(struct frames *f)
{
	for (size_t i = 0; f && i < f->n; i++)
		ppm_finish(&f->ppms[i]);
	g_free(f);
}

void frames_draw(const struct frames *f, size_t which, uint32_t *pixels)
{
	const uint8_t *rgb = f->ppms[which % f->n].rgb;
	for (size_t i = 0; i < (size_t)f->width * f->height; i++, rgb += 3)
		pixels[i] = (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
}
