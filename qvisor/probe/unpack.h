/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed bytes, by libarchive: gzip, xz, lzma, bzip2, zstd, lz4. */
#pragma once

#include "qvisor/probe/source.h"

/* How it is compressed ("gzip"), by its first bytes; NULL: not at all. */
const char *unpack_method(const uint8_t *data, size_t n);
/* The first compressed stream in `data`, unpacked; NULL: damaged from the beginning, or larger than
 * `max`. One that is cut off gives what was there. */
GBytes *unpack_bytes(const uint8_t *data, size_t n, size_t max);
