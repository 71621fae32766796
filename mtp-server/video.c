/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/video.h"

#include <glib.h>
#include <string.h>

#include "mtp-server/video_area.h"
#include "mtp-server/video_encoder.h"
#include "mtp-server/video_stream.h"

bool video_is_possible(void)
{
	return video_encoder_is_there();
}

struct video *video_new(void)
{
	return g_new0(struct video, 1);
}

void video_free(struct video *v)
{
	if (!v)
		return;
	video_stop(v);
	g_free(v);
}

/* The blocks of this update, in the mask; returns how many. */
static unsigned choose(struct video *v, const struct picture *picture, const struct block_set *owed)
{
	unsigned columns = video_blocks(v->area.width), rows = video_blocks(v->area.height),
	         count = 0;
	unsigned left = v->area.x / BLOCK, top = v->area.y / BLOCK;
	memset(v->mask, 0, v->mask_size);
	for (unsigned row = 0; row < rows; row++)
		for (unsigned column = 0; column < columns; column++) {
			if (!block_set_has(owed, left + column, top + row) ||
			    video_content(picture, left + column, top + row) == VIDEO_DRAWN)
				continue;
			video_show(v, column, row);
			count++;
		}
	return count;
}

unsigned video_write(struct video *v, const struct picture *picture, struct block_set *owed,
    struct fidelity *shown, unsigned roughness, struct mtp_writer *w)
{
	struct rectangle area = picture->moving;
	if (!owed->count || rectangle_is_empty(area) || !video_start(v, area))
		return 0;
	unsigned count = choose(v, picture, owed);
	if (count < VIDEO_BLOCKS_MIN)
		return 0;
	video_encoder_roughen(v->encoder, roughness);
	struct mtp_tile tile =
	    video_tile(v, count == video_blocks(area.width) * video_blocks(area.height));
	VIDEO_EACH_SHOWN(v, &tile, column, row)
	{
		video_take(v, picture, column, row);
		struct rectangle r = video_pixels(v, column, row);
		block_set_remove_within(owed, r);
		fidelity_poor(shown, r);
	}
	if (video_encode_tile(v, picture, &tile, VIDEO_QP_AUTO, w))
		return 1;
	/* Too large, or the encoder gave up: what was taken is owed again, and goes as tiles. */
	block_set_add_rectangle(owed, area);
	return 0;
}
