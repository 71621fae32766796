/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/feed.h"

#include <sys/random.h>

#include "mtp-server/delivery.h"
#include "mtp-server/drawn_content.h"
#include "mtp-server/kept_cells.h"
#include "mtp/checksum.h"
#include "mtp-server/video.h"

#define UPDATE_LIMIT (1u << 20) /* bytes of one update; it may be one tile more */
#define REFINE_LIMIT (256u << 10)
/* How long the screen has been quiet when parts are refined: to what looks exact so late that it is
 * just done within two seconds, because a hand rests for most of a second between two gestures;
 * exactly, a part at a time, once somebody really stays (docs/decisions/121). */
#define FINE_US 1400000
#define FINE_SOONEST_US 400000
#define FINE_BLOCK 200 /* bytes that a block may take */
#define EXACT_US 30000000
#define EXACT_PART (32u << 10)
#define EXACT_PART_US 100000
#define UPDATE_HEAD 11 /* bytes of an UPDATE in front of its tiles */

struct feed {
	const struct feed_sink *sink;
	void *data;
	struct tile_demand demand;
	struct delivery delivery;
	struct roughness roughness;
	struct debt debt;
	struct kept_cells cells;
	struct block_set refining;
	unsigned exact_parts; /* sent since the picture changed */
	bool repairing;       /* what the viewer shows and keeps may be wrong */
	uint64_t token;       /* by which the viewer comes back */
	bool resumed;
	uint64_t checksum; /* of the tiles sent */
	uint32_t *changed; /* a block: sequence of the update that changed it last */
	struct memory_update updates[MEMORY_UPDATES];
	struct video *video; /* NULL: the viewer or we do not know how */
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
	g_free(f->changed);
	f->changed = g_new0(uint32_t, (size_t)picture->columns * picture->rows);
	if (f->video)
		video_stop(f->video);
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
	if (getrandom(&f->token, sizeof f->token, 0) != sizeof f->token)
		g_error("no random numbers");
	f->token = f->token >> 1 | 1;
	if (!video_is_possible())
		f->demand.codecs &= ~(1u << MTP_TILE_H264);
	if (f->demand.codecs >> MTP_TILE_H264 & 1)
		f->video = video_new();
	reset_debt(f, picture);
	return f;
}

void feed_free(struct feed *f)
{
	if (!f)
		return;
	debt_finish(&f->debt);
	kept_cells_finish(&f->cells);
	video_free(f->video);
	block_set_finish(&f->refining);
	drawn_encoder_free(f->demand.drawn);
	g_free(f->changed);
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

static bool keeps_cells(const struct feed *f)
{
	uint32_t both = 1u << MTP_TILE_KEEP | 1u << MTP_TILE_RECALL;
	return (f->demand.codecs & both) == both;
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
	                        .session = mtp_text_of(session),
	                        .token = keeps_cells(f) ? f->token : 0,
	                        .resumed = f->resumed}});
}

void feed_screen(struct feed *f, const struct picture *picture)
{
	reset_debt(f, picture);
	/* Who stopped before this has another picture. */
	memset(f->updates, 0, sizeof f->updates);
	send_message(f, &(struct mtp_message){.type = MTP_TYPE_SCREEN,
	                    .screen = {.width = (uint16_t)picture->width,
	                        .height = (uint16_t)picture->height}});
}

void feed_refresh(struct feed *f)
{
	debt_refresh(&f->debt);
	if (f->video)
		video_stop(f->video);
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
	f->exact_parts = 0;
	if (f->video)
		video_changed(f->video, damage);
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
	/* The first says that this is all, when a viewer that came back has it all. */
	return !f->delivery.sent || debt_is_due(&f->debt);
}

/* Only on a line that has nothing else to do. */
int64_t feed_refine_after_us(const struct feed *f)
{
	const struct fidelity *shown = &f->debt.shown;
	if (!shown->rough.count || feed_is_owed(f) || !delivery_is_idle(&f->delivery) ||
	    !feed_is_ready(f))
		return FEED_NEVER;
	if (!shown->poor.count)
		return EXACT_US + (int64_t)f->exact_parts * EXACT_PART_US;
	size_t bytes = (size_t)shown->poor.count * FINE_BLOCK;
	return MAX(FINE_US - delivery_takes_us(&f->delivery, bytes), FINE_SOONEST_US);
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
	size_t tiles = begin + MTP_FRAME_HEADER + UPDATE_HEAD;
	f->checksum = mtp_checksum(f->checksum, w->bytes + tiles, w->size - tiles);
	f->updates[f->delivery.sent % MEMORY_UPDATES] =
	    (struct memory_update){f->delivery.sent, f->checksum};
	f->counters.frames++;
	f->counters.bytes += w->size;
	f->sink->send(f->data, w->bytes, w->size);
}

/* The next update changes these blocks. */
static void mark_rectangle(struct feed *f, struct rectangle r)
{
	for (unsigned row = r.y / BLOCK; row * BLOCK < r.y + r.height; row++)
		for (unsigned column = r.x / BLOCK; column * BLOCK < r.x + r.width; column++)
			f->changed[row * f->debt.owed.columns + column] = f->delivery.sent + 1;
}

static void mark_changed(struct feed *f, const struct block_set *set)
{
	for (unsigned i = 0; i < set->columns * set->rows; i++)
		if (set->parts[i].right)
			f->changed[i] = f->delivery.sent + 1;
}

/* Text that copies have brought out of blocks that were sent roughly is not left so: people read it
 * while it moves. */
static void owe_rough_text(struct feed *f, const struct picture *picture)
{
	const struct block_set *rough = &f->debt.shown.rough;
	if (!f->debt.count)
		return;
	for (unsigned row = 0; row < rough->rows && rough->count; row++)
		for (unsigned column = 0; column < rough->columns; column++)
			if (block_set_has(rough, column, row) &&
			    content_is_drawn(picture, block_set_pixels(rough, column, row, 1, 1)))
				block_set_add_rectangle(
				    &f->debt.owed, block_set_part(rough, column, row, 1, 1));
}

void feed_update(struct feed *f, const struct picture *picture, struct tiling *tiling,
    struct tile_cache *cache, struct mtp_writer w)
{
	if (!feed_is_ready(f) || !feed_is_owed(f))
		return;
	if (f->repairing)
		reset_debt(f, picture);
	f->repairing = false;
	owe_rough_text(f, picture);
	size_t begin = mtp_frame_begin(&w, MTP_TYPE_UPDATE);
	mtp_write_room(&w, UPDATE_HEAD);
	mark_changed(f, &f->debt.owed);
	for (unsigned i = 0; i < f->debt.count; i++)
		mark_rectangle(f, f->debt.copies[i].target);
	f->demand.roughness = roughness_steps(&f->roughness);
	unsigned count = kept_cells_write_keep(&f->cells, picture, f->delivery.sent + 1, &w);
	count += debt_write_copies(&f->debt, &w);
	count += kept_cells_write_recall(&f->cells, picture, &f->debt.owed, &f->debt.shown, &w);
	size_t before_video = w.size;
	if (f->video)
		count += video_write(
		    f->video, picture, &f->debt.owed, &f->debt.shown, f->demand.roughness, &w);
	size_t rough = w.size - before_video;
	struct tiling_result result = tiling_write(tiling, picture, &f->debt.owed, &f->debt.shown,
	    &f->demand, cache, delivery_limit(&f->delivery, UPDATE_LIMIT), &w);
	roughness_sent(&f->roughness, &f->delivery, rough + result.rough, !f->debt.owed.count);
	finish_update(f, picture, &w, begin, count + result.tiles);
}

void feed_refine(struct feed *f, const struct picture *picture, struct tiling *tiling,
    struct tile_cache *cache, int64_t quiet_us, struct mtp_writer w)
{
	if (quiet_us < feed_refine_after_us(f))
		return;
	struct fidelity *shown = &f->debt.shown;
	bool poor = shown->poor.count;
	size_t limit = delivery_limit(&f->delivery, poor ? REFINE_LIMIT : EXACT_PART);
	size_t begin = mtp_frame_begin(&w, MTP_TYPE_UPDATE);
	mtp_write_room(&w, UPDATE_HEAD);
	struct tile_demand demand = f->demand;
	demand.quality = poor ? TILE_FINE : TILE_EXACT;
	block_set_copy(&f->refining, poor ? &shown->poor : &shown->rough);
	mark_changed(f, &f->refining);
	unsigned count = kept_cells_write_recall(&f->cells, picture, &f->refining, shown, &w);
	if (f->video && poor)
		count += video_refine(f->video, picture, &f->refining, shown, limit, &w);
	else
		f->exact_parts++;
	if (f->refining.count && (!count || w.size < limit))
		count +=
		    tiling_write(tiling, picture, &f->refining, shown, &demand, cache, limit, &w)
		        .tiles;
	if (f->video && !shown->rough.count)
		video_stop(f->video);
	finish_update(f, picture, &w, begin, count);
}

struct memory *feed_leave(
    struct feed *f, const struct picture *picture, const char *session, int64_t now_us)
{
	if (!f->delivery.sent || !f->token || f->repairing || !keeps_cells(f))
		return NULL;
	struct memory *m = g_new0(struct memory, 1);
	m->token = f->token;
	m->session = g_strdup(session);
	m->epoch = picture->keys->keys[0];
	memcpy(m->updates, f->updates, sizeof m->updates);
	memcpy(m->kept, f->cells.kept, sizeof m->kept);
	m->next_cell = f->cells.next;
	m->blocks = g_new0(struct memory_block, (size_t)picture->columns * picture->rows);
	m->left_us = now_us;
	f->token = 0;
	debt_forgo_copies(&f->debt);
	for (unsigned row = 0; row < picture->rows; row++)
		for (unsigned column = 0; column < picture->columns; column++) {
			unsigned at = row * picture->columns + column;
			if (block_set_has(&f->debt.owed, column, row) ||
			    block_set_has(&f->debt.shown.rough, column, row))
				continue;
			m->blocks[at].hash = picture_block_hash(picture, column, row);
			m->blocks[at].sequence = f->changed[at];
		}
	return m;
}

void feed_resume(
    struct feed *f, const struct picture *picture, const struct memory *m, uint32_t sequence)
{
	/* Another picture has other keys, and another number of blocks. */
	if (m->epoch != picture->keys->keys[0])
		return;
	f->resumed = true;
	kept_cells_resume(&f->cells, m->kept, m->next_cell, sequence);
	for (unsigned row = 0; row < picture->rows; row++)
		for (unsigned column = 0; column < picture->columns; column++) {
			const struct memory_block *b = &m->blocks[row * picture->columns + column];
			if (b->sequence <= sequence &&
			    block_hash_is_equal(b->hash, picture_block_hash(picture, column, row)))
				block_set_remove(&f->debt.owed, column, row);
		}
}
