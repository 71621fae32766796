/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a QEMU's screen shows, once: by QMP's "screendump", into memory of ours. For looking at a
 * guest; who watches one has its display (display.h). Main thread.
 */
#pragma once

#include <glib.h>

#include "qvisor/qmp.h"

/* `picture`: a binary PPM (netpbm's ppm(5)), borrowed; NULL with an error, QVMI_ERROR_CANCELLED
 * when the connection was freed. */
typedef void (*picture_fn)(void *data, GBytes *picture, const GError *error);

void picture_take(struct qmp *qmp, picture_fn taken, void *data);

/* How many thousandths of their bytes differ; 1000 when they are not of one size. */
unsigned picture_difference(GBytes *a, GBytes *b);
