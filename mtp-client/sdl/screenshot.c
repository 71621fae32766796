/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/screenshot.h"

#include <png.h>
#include <string.h>

#include "common/error.h"

bool screenshot_write(const char *file, const uint8_t *pixels, uint32_t width, uint32_t height,
    size_t stride, GError **error)
{
	png_image image = {.version = PNG_IMAGE_VERSION,
	    .width = width,
	    .height = height,
	    .format = PNG_FORMAT_RGB};
	png_alloc_size_t size = 0;
	g_autofree uint8_t *rgb = NULL, *png = NULL;

	if (width == 0 || height == 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "cannot write %s: there is no picture yet", file);
		return false;
	}
	rgb = g_malloc((size_t)width * height * 3);
	for (uint32_t y = 0; y < height; y++) {
		const uint8_t *from = pixels + y * stride;
		uint8_t *to = rgb + (size_t)y * width * 3;

		for (uint32_t x = 0; x < width; x++)
			memcpy(to + (size_t)x * 3, from + (size_t)x * 4, 3);
	}
	if (png_image_write_get_memory_size(image, size, 0, rgb, 0, NULL)) {
		png = g_malloc(size);
		if (png_image_write_to_memory(&image, png, &size, 0, rgb, 0, NULL)) {
			if (g_file_set_contents(file, (char *)png, (gssize)size, error))
				return true;
			g_prefix_error(error, "cannot write the screenshot: ");
			return false;
		}
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot write %s as PNG: %s", file,
	    image.message);
	return false;
}
