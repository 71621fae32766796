/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/screen/ppm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "mtp/messages.h"

struct parser {
	const char *at, *end;
};

/* White space and comments, then a number; false: there is none, or it is a silly one. */
static bool take_number(struct parser *p, unsigned *number)
{
	while (p->at < p->end && (g_ascii_isspace(*p->at) || *p->at == '#')) {
		if (*p->at == '#')
			while (p->at < p->end && *p->at != '\n')
				p->at++;
		else
			p->at++;
	}
	const char *begin = p->at;
	*number = 0;
	for (; p->at < p->end && g_ascii_isdigit(*p->at) && *number < 1000000; p->at++)
		*number = *number * 10 + (unsigned)(*p->at - '0');
	return p->at > begin && *number < 1000000;
}

static bool parse(const char *path, const char *bytes, size_t n, struct ppm *ppm, GError **error)
{
	bool begins = n >= 2 && memcmp(bytes, "P6", 2) == 0; /* an empty file has no bytes at all */
	struct parser p = {begins ? bytes + 2 : NULL, begins ? bytes + n : NULL};
	unsigned maximum;
	if (!begins || !take_number(&p, &ppm->width) || !take_number(&p, &ppm->height) ||
	    !take_number(&p, &maximum) || p.at == p.end || !g_ascii_isspace(*p.at)) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s is not a PPM picture (P6)", path);
		return false;
	}
	p.at++;
	if (maximum != 255 || !mtp_screen_is_valid(ppm->width, ppm->height)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "%s has %ux%u pixels with samples up to %u; screens have at most %u a side and "
		    "%u in all, and samples up to 255",
		    path, ppm->width, ppm->height, maximum, MTP_MAX_SIDE, MTP_MAX_SCREEN);
		return false;
	}
	size_t size = (size_t)ppm->width * ppm->height * 3;
	if ((size_t)(p.end - p.at) < size) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "%s is cut off: %ux%u pixels need %zu bytes, %zu are there", path, ppm->width,
		    ppm->height, size, (size_t)(p.end - p.at));
		return false;
	}
	ppm->rgb = g_memdup2(p.at, size);
	return true;
}

bool ppm_read(const char *path, struct ppm *ppm, GError **error)
{
	*ppm = (struct ppm){0};
	g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);
	return file && parse(path, g_mapped_file_get_contents(file), g_mapped_file_get_length(file),
	                   ppm, error);
}

void ppm_finish(struct ppm *ppm)
{
	g_clear_pointer(&ppm->rgb, g_free);
}

bool ppm_write(
    const char *path, unsigned width, unsigned height, const uint8_t *rgb, GError **error)
{
	FILE *file = fopen(path, "we");
	size_t size = (size_t)width * height * 3;
	bool good = file && fprintf(file, "P6\n%u %u\n255\n", width, height) > 0 &&
	            fwrite(rgb, 1, size, file) == size;
	good = (!file || fclose(file) == 0) && good;
	if (!good)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "cannot write %s: %s", path,
		    g_strerror(errno));
	return good;
}
