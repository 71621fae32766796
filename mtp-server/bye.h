/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last message of a stream. */
#pragma once

#include "mtp/messages.h"

#define BYE_SIZE_MAX (MTP_FRAME_HEADER + 4 + MTP_MAX_REASON)

/* Writes the whole frame into BYE_SIZE_MAX bytes and returns its size. The reason may be any
 * string: it is made valid UTF-8 and cut to its bound. */
size_t bye_write(enum mtp_bye_code code, const char *reason, uint8_t *bytes);
