/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/screen/reading.h"

#include <time.h>

#include "common/error.h"
#include "mtp-server/reader/reading.h"

#define LANGUAGE "eng"

/* Without white space; *n of them. */
static gunichar *characters(const char *text, size_t *n)
{
	gunichar *all = g_utf8_to_ucs4_fast(text, -1, NULL);
	*n = 0;
	for (size_t i = 0; all[i]; i++)
		if (!g_unichar_isspace(all[i]))
			all[(*n)++] = all[i];
	return all;
}

unsigned reading_distance(const char *one, const char *other)
{
	size_t n, m;
	g_autofree gunichar *a = characters(one, &n), *b = characters(other, &m);
	g_autofree unsigned *row = g_new(unsigned, m + 1);
	for (size_t j = 0; j <= m; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned above = row[j];
			unsigned substituted = diagonal + (a[i - 1] != b[j - 1]);
			row[j] = MIN(MIN(above, row[j - 1]) + 1, substituted);
			diagonal = above;
		}
	}
	return row[m];
}

static char *read_picture(const struct ppm *ppm, double *cpu_ms, GError **error)
{
	struct recogniser *recogniser = recogniser_new(LANGUAGE, error);
	if (!recogniser)
		return NULL;
	size_t n = (size_t)ppm->width * ppm->height;
	g_autofree uint32_t *pixels = g_new(uint32_t, n);
	for (size_t i = 0; i < n; i++)
		pixels[i] = (uint32_t)ppm->rgb[i * 3] << 16 | (uint32_t)ppm->rgb[i * 3 + 1] << 8 |
		            ppm->rgb[i * 3 + 2];
	clock_t begin = clock(); /* Tesseract has threads of its own */
	g_autoptr(GPtrArray) words = reading_of(recogniser, pixels, ppm->width, ppm->height);
	*cpu_ms = (double)(clock() - begin) * 1e3 / CLOCKS_PER_SEC;
	recogniser_free(recogniser);
	return reading_text(words);
}

bool reading_tell(const struct ppm *ppm, const char *truth, FILE *out, GError **error)
{
	double cpu_ms;
	g_autofree char *text = read_picture(ppm, &cpu_ms, error);
	g_autofree char *right = NULL;
	if (!text)
		return false;
	if (truth) {
		g_autoptr(GError) wrong = NULL;
		if (!g_file_get_contents(truth, &right, NULL, &wrong) ||
		    !g_utf8_validate(right, -1, NULL)) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "%s cannot be compared with: %s", truth,
			    wrong ? wrong->message : "it is not UTF-8");
			return false;
		}
	}
	size_t n;
	g_free(characters(right ? right : text, &n));
	fprintf(out, "%stext characters=%zu", text, n);
	if (right) {
		unsigned wrong = reading_distance(text, right);
		fprintf(out, " wrong=%u share=%.4f", wrong, n ? wrong / (double)n : 0);
	}
	fprintf(out, " cpu_ms=%.0f\n", cpu_ms);
	return true;
}
