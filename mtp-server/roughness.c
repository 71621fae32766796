/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/roughness.h"

#include <glib.h>
#include <math.h>

#define STEPS_PER_DOUBLE 6.0
#define RISE 6.0
#define FALL 1.0

void roughness_sent(struct roughness *r, const struct delivery *delivery, size_t bytes, bool whole)
{
	r->bytes += bytes;
	if (!whole)
		return;
	int64_t takes_us = delivery_takes_us(delivery, r->bytes);
	r->bytes = 0;
	if (takes_us == 0)
		return;
	double excess = STEPS_PER_DOUBLE * log2((double)takes_us / ROUGHNESS_PICTURE_US);
	r->steps = CLAMP(r->steps + CLAMP(excess, -FALL, RISE), 0.0, (double)ROUGHNESS_MAX);
}

unsigned roughness_steps(const struct roughness *r)
{
	return (unsigned)(r->steps + 0.5);
}

/* libjpeg scales its tables by 200 - 2 quality per cent from 50 on, by 5000 / quality below
 * (jcparam.c, jpeg_quality_scaling()). */
int roughness_jpeg_quality(int quality, unsigned steps)
{
	double scale = (200 - 2 * quality) * exp2(steps / STEPS_PER_DOUBLE);
	return (int)(scale <= 100 ? (200 - scale) / 2 : 5000 / scale);
}
