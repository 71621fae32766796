/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/screen.h"

#include "mtp-server/damage.h"
#include "mtp-server/pace.h"
#include "mtp-server/video_area.h"

#define ROOM (2u << 20) /* an update and one tile more */
#define CACHE_MAX (16u << 20)

struct screen {
	const struct screen_host *host;
	void *data;
	struct picture picture;
	struct block_set damage;
	struct motion_finder *motion;
	struct video_area video;
	bool shown;       /* the display has shown something */
	bool looked_away; /* it has changed and nobody looked yet */
	struct pace pace;
	int64_t changed_us;
	GPtrArray *feeds; /* borrowed */
	struct tiling *tiling;
	struct tile_cache *cache;
	uint8_t *room;
};

static struct mtp_writer room_of(struct screen *s)
{
	return mtp_writer_of(s->room, ROOM);
}

/* Worth it only when somebody else may want the same tile. */
static struct tile_cache *cache_of(struct screen *s)
{
	return s->feeds->len > 1 ? s->cache : NULL;
}

static int64_t now_us(const struct screen *s)
{
	return s->host->now_us(s->data);
}

static void set_size(struct screen *s, unsigned width, unsigned height)
{
	picture_finish(&s->picture);
	block_set_finish(&s->damage);
	video_area_finish(&s->video);
	motion_finder_free(s->motion);
	picture_init(&s->picture, width, height);
	block_set_init(&s->damage, width, height);
	s->motion = motion_finder_new(width, height);
	video_area_init(&s->video, width, height);
	tile_cache_clear(s->cache);
}

struct screen *screen_new(
    unsigned width, unsigned height, const struct screen_host *host, void *data)
{
	struct screen *s = g_new0(struct screen, 1);
	s->host = host;
	s->data = data;
	s->feeds = g_ptr_array_new();
	s->cache = tile_cache_new(CACHE_MAX);
	s->tiling = tiling_new();
	s->room = g_malloc(ROOM);
	pace_init(&s->pace);
	set_size(s, width, height);
	return s;
}

void screen_free(struct screen *s)
{
	if (!s)
		return;
	g_ptr_array_unref(s->feeds);
	picture_finish(&s->picture);
	block_set_finish(&s->damage);
	video_area_finish(&s->video);
	motion_finder_free(s->motion);
	tiling_free(s->tiling);
	tile_cache_free(s->cache);
	g_free(s->room);
	g_free(s);
}

void screen_add(struct screen *s, struct feed *feed)
{
	g_ptr_array_add(s->feeds, feed);
	/* Its first picture is the one that is there now. */
	s->looked_away = true;
}

void screen_remove(struct screen *s, struct feed *feed)
{
	g_ptr_array_remove(s->feeds, feed);
}

void screen_changed(struct screen *s)
{
	s->looked_away = true;
	s->shown = true;
}

void screen_input(struct screen *s)
{
	pace_input(&s->pace);
}

const struct picture *screen_picture(const struct screen *s)
{
	return &s->picture;
}

/* Nothing is shown: black. */
static struct surface *black(const struct screen *s)
{
	size_t stride = (size_t)s->picture.width * sizeof(uint32_t);
	g_autofree uint8_t *bytes = g_malloc0(stride * s->picture.height);
	return surface_new_copied(bytes, stride * s->picture.height, s->picture.width,
	    s->picture.height, (uint32_t)stride, SURFACE_X8R8G8B8, NULL);
}

static void resize(struct screen *s, unsigned width, unsigned height)
{
	set_size(s, width, height);
	for (guint i = 0; i < s->feeds->len; i++)
		feed_screen(s->feeds->pdata[i], &s->picture);
	s->host->resized(s->data, width, height);
}

/* Brings the picture up to date and tells the feeds; true when something had changed. */
static bool look(struct screen *s)
{
	struct rectangle region;
	AUTO(surface) surface = s->host->take(s->data, &region);
	s->looked_away = false;
	s->shown |= surface != NULL;
	if (!surface)
		surface = black(s);
	bool other = surface->width != s->picture.width || surface->height != s->picture.height;
	if (other)
		resize(s, surface->width, surface->height);
	if (other || !s->picture.version)
		region = (struct rectangle){0, 0, surface->width, surface->height};
	int64_t now = now_us(s);
	damage_collect(&s->picture, surface, region, (uint32_t)(now / 1000), &s->damage);
	if (!s->damage.count)
		return false;
	if (s->host->damaged)
		s->host->damaged(s->data, &s->damage);
	const struct motion *motion = motion_find(s->motion, &s->picture, &s->damage);
	video_area_note(&s->video, &s->picture, &motion->rest);
	s->picture.moving = s->video.area;
	for (guint i = 0; i < s->feeds->len; i++)
		feed_damage(s->feeds->pdata[i], &s->picture, &s->damage, motion);
	damage_settle(&s->picture, &motion->rest);
	s->changed_us = now;
	return true;
}

static void serve(struct screen *s)
{
	for (guint i = 0; i < s->feeds->len; i++)
		feed_update(s->feeds->pdata[i], &s->picture, s->tiling, cache_of(s), room_of(s));
}

int64_t screen_due(const struct screen *s)
{
	bool ready = false, owed = false;
	int64_t refine_after = FEED_NEVER;
	for (guint i = 0; i < s->feeds->len; i++) {
		const struct feed *feed = s->feeds->pdata[i];
		ready |= feed_is_ready(feed);
		owed |= feed_is_ready(feed) && feed_is_owed(feed);
		refine_after = MIN(refine_after, feed_refine_after_us(feed));
	}
	if (!s->shown || !ready)
		return SCREEN_NEVER;
	/* What is owed from before need not wait. */
	if (owed)
		return INT64_MIN;
	int64_t due = s->looked_away ? pace_due(&s->pace) : SCREEN_NEVER;
	return refine_after == FEED_NEVER ? due : MIN(due, s->changed_us + refine_after);
}

void screen_run(struct screen *s)
{
	int64_t begin = now_us(s);
	if (begin < screen_due(s))
		return;
	bool looked = s->looked_away;
	bool changed = looked && look(s);
	serve(s);
	if (looked)
		pace_looked(&s->pace, begin, now_us(s), changed);
	for (guint i = 0; i < s->feeds->len; i++)
		feed_refine(s->feeds->pdata[i], &s->picture, s->tiling, cache_of(s),
		    begin - s->changed_us, room_of(s));
}

const struct picture *screen_look(struct screen *s)
{
	if (!s->shown)
		return NULL;
	if (s->looked_away && look(s))
		serve(s);
	return &s->picture;
}
