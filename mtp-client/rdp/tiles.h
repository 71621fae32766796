/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has changed of a picture, as RDP's bitmap updates, which every client knows (MS-RDPBCGR
 * 2.2.9.1.1.3.1.2): at 32 bits a pixel by the planar codec (MS-RDPEGDI 3.1.9), at 24 as they are,
 * at fewer by interleaved run lengths (MS-RDPBCGR 3.1.9). All keep pixels as they are, as far as
 * the client's depth goes. Knows what the client shows, so what has not changed is not sent. One
 * thread.
 */
#pragma once

#include <freerdp/freerdp.h>
#include <stdbool.h>

#include "mtp-client/core/picture.h"

struct tiles;

struct tiles *tiles_new(void); /* NULL: not enough memory */
void tiles_free(struct tiles *tiles);

/* The client shows nothing yet, on a desktop of that size and depth; `skip_alpha`: it does without
 * that plane. False: a depth that is not supported, or not enough memory. */
bool tiles_begin(
    struct tiles *tiles, uint32_t width, uint32_t height, uint32_t depth, bool skip_alpha);
/* Sends what is other in `area` (cut at the desktop's edge) of the picture, whose rows are `stride`
 * bytes long. The pixels may change meanwhile. False: the connection is gone. */
bool tiles_send(struct tiles *tiles, rdpContext *client, const uint8_t *pixels, size_t stride,
    const struct rectangle *area);
