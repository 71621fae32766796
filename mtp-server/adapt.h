/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The phone's picture in one terminal's size and turn, kept up to date by rescaling only what has
 * changed. What comes out is a surface like QEMU's, so that everything behind it (damage, motion,
 * tiles) works on the pixels that the terminal will see. One thread.
 */
#pragma once

#include "mtp-server/adapt_fit.h"
#include "mtp-server/picture.h"
#include "mtp-server/surface.h"

struct adapt;

/* All of the picture is rescaled by the first adapt_damage(). */
struct adapt *adapt_new(const struct adapt_fit *fit);
void adapt_free(struct adapt *adapt);

const struct adapt_fit *adapt_fit_of(const struct adapt *adapt);

/* Rescales the damaged blocks of the picture, which has the fit's phone size; returns what that can
 * have changed in the surface. */
struct rectangle adapt_damage(
    struct adapt *adapt, const struct picture *picture, const struct block_set *damage);
/* Borrowed; the same one all the time. */
struct surface *adapt_surface(struct adapt *adapt);

DEFINE_CLEANUP(adapt);
