/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/drawn_encoder.h"

#include <glib.h>

#include "mtp-server/text_cut.h"

struct drawn_encoder {
	struct text_cut cut;
	struct drawn state;
	bool reset; /* before the next tile */
};

struct drawn_encoder *drawn_encoder_new(void)
{
	struct drawn_encoder *encoder = g_new0(struct drawn_encoder, 1);
	/* The viewer's is new as well, but that it may be resumed is not this one's to know. */
	drawn_init(&encoder->state);
	encoder->reset = true;
	return encoder;
}

void drawn_encoder_free(struct drawn_encoder *encoder)
{
	g_free(encoder);
}

void drawn_encoder_reset(struct drawn_encoder *encoder)
{
	encoder->reset = true;
}

bool drawn_encoder_encode(struct drawn_encoder *encoder, const struct picture *picture,
    struct rectangle r, unsigned known, uint8_t *out, struct mtp_tile *tile)
{
	const struct drawn_source source = {picture->now, picture->width, picture->height};
	const struct drawn_area area = {r.x, r.y, r.width, r.height};
	unsigned flags = known | (encoder->reset ? DRAWN_RESET : 0);
	text_cut_find(&encoder->cut, picture, r);
	const struct drawn_letters letters = {encoder->cut.places, encoder->cut.n};
	size_t n =
	    drawn_encode(&encoder->state, &source, area, &letters, flags, out, DRAWN_BYTES_MAX);
	encoder->reset = n == 0;
	*tile = (struct mtp_tile){.kind = MTP_TILE_DRAWN,
	    .x = (uint16_t)r.x,
	    .y = (uint16_t)r.y,
	    .width = (uint16_t)r.width,
	    .height = (uint16_t)r.height,
	    .data = out,
	    .size = n};
	return n != 0;
}
