/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A QR code (ISO/IEC 18004) of a text, for a terminal to draw. */
#pragma once

#include <json-glib/json-glib.h>

/* A string a row, '1' a dark module; without the quiet zone of four. NULL with error where the text
 * is too long. Caller unrefs. */
JsonArray *qr_code_rows(const char *text, GError **error);
