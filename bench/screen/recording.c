/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/screen/recording.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"

#define SUFFIX ".ppm"
#define MS_MAX (UINT64_C(1000) * 3600 * 24 * 365)

static int by_time(gconstpointer a, gconstpointer b)
{
	const struct recording_frame *first = a, *second = b;
	return first->ms < second->ms ? -1 : first->ms > second->ms;
}

static bool add(GArray *frames, const char *folder, const char *name, GError **error)
{
	g_autofree char *digits = g_strndup(name, strlen(name) - strlen(SUFFIX));
	guint64 ms;
	if (!g_ascii_string_to_unsigned(digits, 10, 0, MS_MAX, &ms, NULL)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "%s/%s: a picture of a recording is named by its time, <milliseconds>.ppm",
		    folder, name);
		return false;
	}
	struct recording_frame frame = {.ms = ms, .path = g_build_filename(folder, name, NULL)};
	g_array_append_val(frames, frame);
	return true;
}

static bool check(const GArray *frames, const char *folder, GError **error)
{
	const struct recording_frame *f = (const void *)frames->data;
	if (!frames->len) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "%s is not a recording: there is no <milliseconds>.ppm in it", folder);
		return false;
	}
	for (guint i = 1; i < frames->len; i++)
		if (f[i].ms == f[i - 1].ms) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "%s and %s are of the same time", f[i - 1].path, f[i].path);
			return false;
		}
	return true;
}

static void clear_frame(gpointer frame)
{
	g_free(((struct recording_frame *)frame)->path);
}

struct recording *recording_open(const char *folder, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, error);
	if (!dir)
		return NULL;
	GArray *frames = g_array_new(FALSE, FALSE, sizeof(struct recording_frame));
	g_array_set_clear_func(frames, clear_frame);
	bool good = true;
	for (const char *name; good && (name = g_dir_read_name(dir));)
		if (g_str_has_suffix(name, SUFFIX))
			good = add(frames, folder, name, error);
	g_array_sort(frames, by_time);
	if (!good || !check(frames, folder, error)) {
		g_array_unref(frames);
		return NULL;
	}
	struct recording *recording = g_new0(struct recording, 1);
	recording->frames = (void *)g_array_steal(frames, &recording->n);
	g_array_unref(frames);
	return recording;
}

void recording_free(struct recording *recording)
{
	if (!recording)
		return;
	for (size_t i = 0; i < recording->n; i++)
		clear_frame(&recording->frames[i]);
	g_free(recording->frames);
	g_free(recording);
}
