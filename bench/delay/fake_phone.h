/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone without a guest, for measuring what is behind QEMU: qvisord's display socket (one packet
 * with a socket, one back) and QEMU's D-Bus display on that socket (org.qemu.Display1: a listener
 * is registered, told of the memory by ScanoutMap and of each flush by UpdateMap). The pixels are
 * the caller's to draw. It has a thread of its own; the calls are for one other.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

struct fake_phones;

/* `n` phones of this size behind one socket; mtpd asks for them by these names, which are copied.
 */
struct fake_phones *fake_phones_new(const char *socket, char *const *names, unsigned n,
    unsigned width, unsigned height, GError **error);
void fake_phones_free(struct fake_phones *phones);

/* 0xXXRRGGBB, `width` to the row. */
uint32_t *fake_phone_pixels(struct fake_phones *phones, unsigned which);
/* These rows have been drawn. True: somebody has been told. */
bool fake_phone_flush(struct fake_phones *phones, unsigned which, unsigned y, unsigned height);

DEFINE_CLEANUP(fake_phones);
