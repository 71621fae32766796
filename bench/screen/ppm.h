/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pictures as files: Netpbm's P6 with 8 bits a sample (ppm(5)). */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct ppm {
	unsigned width, height; /* a screen that MTP can show */
	uint8_t *rgb;           /* width * height * 3 bytes, owned */
};

/* QVMI_ERROR_INVALID names the file and what is wrong with it. */
bool ppm_read(const char *path, struct ppm *ppm, GError **error);
void ppm_finish(struct ppm *ppm);
bool ppm_write(
    const char *path, unsigned width, unsigned height, const uint8_t *rgb, GError **error);
