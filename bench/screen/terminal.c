/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/screen/terminal.h"

#include "bench/screen/cpu_clock.h"
#include "common/error.h"
#include "mtp-client/core/session.h"

struct terminal {
	struct mtp_codecs codecs;
	struct mtp_session *session;
	int64_t decode_ns;
};

struct terminal *terminal_new(const struct mtp_terminal *about)
{
	struct terminal *t = g_new0(struct terminal, 1);
	if (!mtp_codecs_init(&t->codecs))
		g_error("no memory for the decoders");
	t->session = mtp_session_new(&(struct mtp_session_options){.codecs = &t->codecs});
	const struct mtp_session_hello hello = {.grant = "",
	    .model = "replay",
	    .width = about->width,
	    .height = about->height,
	    .dpi = about->dpi,
	    .touch_points = 10,
	    .rotation = about->rotation,
	    .scaling = about->scaling};
	if (!t->session || !mtp_session_start(t->session, &hello))
		g_error("no memory for the client core");
	return t;
}

void terminal_free(struct terminal *t)
{
	if (!t)
		return;
	mtp_session_free(t->session);
	mtp_codecs_finish(&t->codecs);
	g_free(t);
}

bool terminal_feed(struct terminal *t, const void *bytes, size_t n, GError **error)
{
	int64_t begin = cpu_clock_ns();
	bool good = mtp_session_feed(t->session, bytes, n);
	t->decode_ns += cpu_clock_ns() - begin;
	if (!good)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
		    "the client core refuses what the server sent: %s",
		    mtp_session_reason(t->session));
	return good;
}

GByteArray *terminal_take_output(struct terminal *t)
{
	size_t n;
	const uint8_t *bytes = mtp_session_output(t->session, &n);
	GByteArray *output = g_byte_array_append(g_byte_array_new(), bytes, (guint)n);
	mtp_session_output_sent(t->session, n);
	return output;
}

const uint8_t *terminal_pixels(const struct terminal *t, unsigned *width, unsigned *height)
{
	const struct picture *picture = mtp_session_picture(t->session);
	*width = picture->width;
	*height = picture->height;
	return picture->width ? picture->pixels : NULL;
}

struct terminal_counters terminal_counters(const struct terminal *t)
{
	const struct mtp_session_counters *counters = mtp_session_counters(t->session);
	return (struct terminal_counters){.updates = counters->updates,
	    .glyphs = counters->glyphs,
	    .copies = counters->tiles[MTP_TILE_COPY],
	    .videos = counters->tiles[MTP_TILE_H264],
	    .as_of_ms = counters->as_of_ms,
	    .decode_ns = t->decode_ns};
}
