/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/qr_code.h"

#include <errno.h>
#include <qrencode.h>

#include "common/error.h"

#define DARK 1 /* the module's lowest bit */

JsonArray *qr_code_rows(const char *text, GError **error)
{
	QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_M);

	if (!code) {
		qvmi_error_set_errno(error, errno, "drawing a QR code");
		return NULL;
	}
	size_t width = (size_t)code->width;
	JsonArray *rows = json_array_sized_new((guint)width);
	g_autofree char *row = g_malloc0(width + 1);

	for (size_t y = 0; y < width; y++) {
		for (size_t x = 0; x < width; x++)
			row[x] = code->data[y * width + x] & DARK ? '1' : '0';
		json_array_add_string_element(rows, row);
	}
	QRcode_free(code);
	return rows;
}
