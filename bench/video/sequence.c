/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/video/sequence.h"

#include <math.h>
#include <turbojpeg.h>

#include "common/error.h"

#define WIDTH 720
#define HEIGHT 1440
#define FRAMES 90

/* A sample between pixels, so that nothing moves by whole pixels only. */
static uint32_t sample(const struct ppm *p, double x, double y)
{
	x = CLAMP(x, 0, p->width - 2);
	y = CLAMP(y, 0, p->height - 2);
	unsigned left = (unsigned)x, top = (unsigned)y;
	double fx = x - left, fy = y - top;
	const uint8_t *a = p->rgb + ((size_t)top * p->width + left) * 3, *b = a + p->width * 3;
	uint32_t pixel = 0;
	for (unsigned i = 0; i < 3; i++) {
		double above = a[i] * (1 - fx) + a[i + 3] * fx;
		double below = b[i] * (1 - fx) + b[i + 3] * fx;
		pixel = pixel << 8 | (uint32_t)(above * (1 - fy) + below * fy + 0.5);
	}
	return pixel;
}

static uint32_t mix(uint32_t a, uint32_t b, double share)
{
	uint32_t pixel = 0;
	for (int shift = 16; shift >= 0; shift -= 8) {
		double value = (a >> shift & 255) * (1 - share) + (b >> shift & 255) * share;
		pixel = pixel << 8 | (uint32_t)(value + 0.5);
	}
	return pixel;
}

/* A photograph that fills the frame's height, shifted by `dx` and scaled by `zoom`. */
static uint32_t shown(const struct ppm *p, unsigned x, unsigned y, double dx, double zoom)
{
	double scale = (double)(p->height - 1) / HEIGHT / zoom;
	return sample(p, (double)p->width / 2 + (x - WIDTH / 2.0 + dx) * scale,
	    (double)p->height / 2 + (y - HEIGHT / 2.0) * scale);
}

static void draw_pan(const struct sequence *s, unsigned n, uint32_t *pixels)
{
	for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
		pixels[i] = shown(&s->photographs[0], i % WIDTH, i / WIDTH, n * 3.7 - 160, 1.1);
}

static void draw_zoom(const struct sequence *s, unsigned n, uint32_t *pixels)
{
	double zoom = 1 + 1.5 * n / FRAMES;
	for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
		pixels[i] = shown(&s->photographs[0], i % WIDTH, i / WIDTH, 0, zoom);
}

static void draw_crossfade(const struct sequence *s, unsigned n, uint32_t *pixels)
{
	double share = (double)(n % 30) / 29;
	const struct ppm *from = &s->photographs[n / 30 % 2], *to = &s->photographs[1 - n / 30 % 2];
	for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
		pixels[i] = mix(shown(from, i % WIDTH, i / WIDTH, 0, 1),
		    shown(to, i % WIDTH, i / WIDTH, 0, 1), share);
}

/* A plain sheet with a line of text-like strokes slides up over a wallpaper, which moves a third as
 * fast and gets darker: what Phosh's overview does. */
static void draw_swipe(const struct sequence *s, unsigned n, uint32_t *pixels)
{
	double phase = fabs(sin(n * G_PI / 60)), top = HEIGHT * (1 - 0.8 * phase);
	for (unsigned i = 0; i < WIDTH * HEIGHT; i++) {
		unsigned x = i % WIDTH, y = i / WIDTH;
		bool stroke = (x / 3) % 4 == 0 && ((unsigned)(y - top) / 12) % 5 == 1;
		if (y >= top)
			pixels[i] = stroke ? 0x202020 : 0xf6f5f4;
		else
			pixels[i] =
			    mix(shown(&s->photographs[0], x, y, 60 * phase, 1.1), 0, phase / 2);
	}
}

static bool read_jpeg(const char *path, struct ppm *ppm, GError **error)
{
	g_autofree char *bytes = NULL;
	gsize n;
	if (!g_file_get_contents(path, &bytes, &n, error))
		return false;
	int width, height, samples, space;
	tjhandle handle = tjInitDecompress();
	bool good = tjDecompressHeader3(handle, (unsigned char *)bytes, n, &width, &height,
	                &samples, &space) == 0 &&
	            width > 1 && height > 1 && (int64_t)width * height <= 1 << 26;
	if (good) {
		*ppm = (struct ppm){.width = (unsigned)width,
		    .height = (unsigned)height,
		    .rgb = g_malloc((size_t)width * height * 3)};
		good = tjDecompress2(handle, (unsigned char *)bytes, n, ppm->rgb, width, 0, height,
		           TJPF_RGB, 0) == 0;
	}
	tjDestroy(handle);
	if (!good)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s is no JPEG", path);
	return good;
}

bool sequence_init_drawn(struct sequence *s, unsigned kind, char *const paths[2], GError **error)
{
	static const struct {
		const char *name;
		void (*draw)(const struct sequence *sequence, unsigned n, uint32_t *pixels);
	} kinds[SEQUENCE_KINDS] = {{"pan", draw_pan}, {"zoom", draw_zoom},
	    {"crossfade", draw_crossfade}, {"swipe", draw_swipe}};
	*s = (struct sequence){.name = kinds[kind].name,
	    .draw = kinds[kind].draw,
	    .width = WIDTH,
	    .height = HEIGHT,
	    .frames = FRAMES};
	return read_jpeg(paths[0], &s->photographs[0], error) &&
	       read_jpeg(paths[1], &s->photographs[1], error);
}

bool sequence_init_recorded(struct sequence *s, const char *folder, GError **error)
{
	*s = (struct sequence){.name = folder, .recording = recording_open(folder, error)};
	struct ppm first;
	if (!s->recording || !ppm_read(s->recording->frames[0].path, &first, error))
		return false;
	s->width = first.width & ~1u;
	s->height = first.height & ~1u;
	s->frames = (unsigned)s->recording->n;
	ppm_finish(&first);
	return true;
}

void sequence_finish(struct sequence *s)
{
	recording_free(s->recording);
	ppm_finish(&s->photographs[0]);
	ppm_finish(&s->photographs[1]);
}

bool sequence_frame(const struct sequence *s, unsigned n, uint32_t *pixels, GError **error)
{
	if (s->draw) {
		s->draw(s, n, pixels);
		return true;
	}
	struct ppm ppm;
	if (!ppm_read(s->recording->frames[n].path, &ppm, error))
		return false;
	for (unsigned y = 0; y < MIN(s->height, ppm.height); y++)
		for (unsigned x = 0; x < MIN(s->width, ppm.width); x++) {
			const uint8_t *rgb = ppm.rgb + ((size_t)y * ppm.width + x) * 3;
			pixels[(size_t)y * s->width + x] =
			    (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
		}
	ppm_finish(&ppm);
	return true;
}
