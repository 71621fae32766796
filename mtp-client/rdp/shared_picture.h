/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The phone's picture in memory that another process reads: a sealed memfd (memfd_create(2)) that
 * it can neither write nor cut. Pixels as in core/picture.h, rows without gaps, from its beginning.
 * One writes while the other reads: what was read half is in the next damage.
 */
#pragma once

#include <glib.h>

#include "common/cleanup.h"
#include "mtp-client/core/picture.h"

#define SHARED_PICTURE_SIZE ((size_t)MTP_MAX_SCREEN * PICTURE_BYTES) /* taken as it is used */

struct shared_picture;

struct shared_picture *shared_picture_new(GError **error);
void shared_picture_free(struct shared_picture *shared);
/* For another process: for reading. Stays the shared picture's. */
int shared_picture_fd(const struct shared_picture *shared);
/* Copies what is in `area`, which lies within the picture. */
void shared_picture_copy(
    struct shared_picture *shared, const struct picture *picture, const struct rectangle *area);

DEFINE_CLEANUP(shared_picture);
