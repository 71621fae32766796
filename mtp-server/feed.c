/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/feed.h"

#include "mtp-server/delivery.h"
#include "mtp-server/kept_cells.h"

#define UPDATE_LIMIT (1u << 20) /* bytes of one update; it may be one tile more */
#define REFINE_LIMIT (128u << 10)
#define UPDATE_HEAD 11 /* bytes of an UPDATE in front of its tiles */

struct feed {
	const struct feed_sink *sink;
	void *data;
	struct tile_demand demand;
	struct delivery delivery;
	struct debt debt;
	struct kept_cells cells;
	struct block_set refining;
	bool repairing; /* what the viewer shows and keeps may be wrong */
	struct feed_counters counters;
};

static void reset_debt(struct feed *f, const struct picture *picture)
{
	debt_finish(&f->debt);
	debt_init(&f->debt, picture->width, picture->height);
	kept_cells_finish(&f->cells);
	kept_cells_init(&f->cells, picture);
	block_set_finish(&f->refining);
	block_set_init(&f->refining, picture->width, picture->height);
}

struct feed *feed_new(
    uint32_t codecs, const struct picture *picture, const struct feed_sink *sink, void *data)
{
	struct feed *f = g_new0(struct feed, 1);
	f->sink = sink;
	f->data = data;
	delivery_init(&f->delivery);
	f->demand.codecs = codecs & ((1u << MTP_TILE_KINDS) - 1);
	if (f->demand.codecs >> MTP_TILE_DRAWN & 1)
		f->demand.drawn = drawn_encoder_new();
	reset_debt(f, picture);
	return f;
}

void feed_free(struct feed *f)
{
	if (!f)
		return;
	debt_finish(&f->debt);
	kept_cells_finish(&f->cells);
	block_set_finish(&f->refining);
	drawn_encoder_free(f->demand.drawn);
	g_free(f);
}

struct feed_counters feed_counters(const struct feed *f)
{
	return f->counters;
}

static void send_message(struct feed *f, const struct mtp_message *message)
{
	uint8_t bytes[256];
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	mtp_message_encode(message, &w);
	g_assert(!w.failed);
	f->sink->send(f->data, bytes, w.size);
}

void feed_welcome(struct feed *f, const struct picture *picture, uint16_t version,
    unsigned touch_points, const char *session)
{
	send_message(f, &(struct mtp_message){.type = MTP_TYPE_WELCOME,
	                    .welcome = {.version = version,
	                        .width = (uint16_t)picture->width,
	                        .height = (uint16_t)picture->height,
	                        .touch_points = (uint8_t)touch_points,
	                        .codecs = f->demand.codecs,
	                        .session = mtp_text_of(session)}});
}

void feed_screen(struct feed *f, const struct picture *picture)
{
	reset_debt(f, picture);
	send_message(f, &(struct mtp_message){.type = MTP_TYPE_SCREEN,
	                    .screen = {.width = (uint16_t)picture->width,
	                        .height = (uint16_t)picture->height}});
}

void feed_refresh(struct feed *f)
{
	debt_refresh(&f->debt);
}

static bool keeps_cells(const struct feed *f)
{
	uint32_t both = 1u << MTP_TILE_KEEP | 1u << MTP_TILE_RECALL;
	return (f->demand.codecs & both) == both;
}

void feed_repair(struct feed *f)
{
	if (f->demand.drawn)
		drawn_encoder_reset(f->demand.drawn);
	f->repairing = true;
	feed_refresh(f);
}

void feed_damage(struct feed *f, const struct picture *picture, const struct block_set *damage,
    const struct motion *motion)
{
	bool copies = f->demand.codecs >> MTP_TILE_COPY & 1;
	if (keeps_cells(f))
		kept_cells_damage(&f->cells, picture, damage, &f->debt);
	debt_add(&f->debt, damage, copies ? motion : NULL);
}

bool feed_acknowledge(struct feed *f, uint32_t sequence)
{
	return delivery_acknowledged(&f->delivery, sequence, f->sink->now_us(f->data));
}

bool feed_is_ready(const struct feed *f)
{
	return delivery_has_room(&f->delivery) && f->sink->is_free(f->data);
}

bool feed_is_owed(const struct feed *f)
{
	return debt_is_due(&f->debt);
}

/* Only on a line that has nothing else to do. */
bool feed_wants_refining(const struct feed *f)
{
	return f->debt.rough.count && !feed_is_owed(f) && delivery_is_idle(&f->delivery) &&
	       feed_is_ready(f);
}

/* Fills in what is known only at the end, and sends. */
static void finish_update(struct feed *f, const struct picture *picture, struct mtp_writer *w,
    size_t begin, unsigned count)
{
	/* The fields in front of the tiles, once more over their place. */
	struct mtp_writer head = mtp_writer_of(w->bytes + begin + MTP_FRAME_HEADER, UPDATE_HEAD);
	delivery_sent(&f->delivery, w->size - begin, f->sink->now_us(f->data));
	mtp_update_encode(&(struct mtp_update){.sequence = f->delivery.sent,
	                      .time_ms = picture->time_ms,
	                      .flags = f->debt.owed.count ? 0 : MTP_UPDATE_COMPLETE,
	                      .count = (uint16_t)count},
	    &head);
	mtp_frame_end(w, begin);
	g_assert(!w->failed && !head.failed && head.size == head.capacity);
	f->counters.frames++;
	f->counters.bytes += w->size;
	f->sink->send(f->data, w->bytes, w->size);
}

void feed_update(struct feed *f, const struct picture *picture, struct tiling *tiling,
    struct tile_cache *cache, struct mtp_writer w)
{
	if (!feed_is_ready(f) || !feed_is_owed(f))
		return;
	if (f->repairing)
		reset_debt(f, picture);
	f->repairing = false;
	size_t begin = mtp_frame_begin(&w, MTP_TYPE_UPDATE);
	mtp_write_room(&w, UPDATE_HEAD);
	unsigned count = kept_cells_write_keep(&f->cells, picture, &w);
	count += debt_write_copies(&f->debt, &w);
	count += kept_cells_write_recall(&f->cells, picture, &f->debt.owed, &f->debt.rough, &w);
	struct tiling_result result = tiling_write(tiling, picture, &f->debt.owed, &f->debt.rough,
	    &f->demand, cache, delivery_limit(&f->delivery, UPDATE_LIMIT), &w);
	finish_update(f, picture, &w, begin, count + result.tiles);
}

void feed_refine(struct feed *f, const struct picture *picture, struct tiling *tiling,
    struct tile_cache *cache, struct mtp_writer w)
{
	if (!feed_wants_refining(f))
		return;
	size_t begin = mtp_frame_begin(&w, MTP_TYPE_UPDATE);
	mtp_write_room(&w, UPDATE_HEAD);
	struct tile_demand exact = f->demand;
	exact.exact = true;
	block_set_copy(&f->refining, &f->debt.rough);
	unsigned count =
	    kept_cells_write_recall(&f->cells, picture, &f->refining, &f->debt.rough, &w);
	struct tiling_result result = tiling_write(tiling, picture, &f->refining, &f->debt.rough,
	    &exact, cache, delivery_limit(&f->delivery, REFINE_LIMIT), &w);
	finish_update(f, picture, &w, begin, count + result.tiles);
}
