/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One frame: QEMU says that something changed (display.c, in its own thread) -> the pace says when
 * to look -> damage is found, once for all viewers -> perhaps it is a scroll -> each viewer that
 * can take an update gets what it is owed. Nobody there, or nobody ready: nobody looks.
 */
#include "mtp-server/worker.h"

#include "common/error.h"
#include "mtp-server/damage.h"
#include "mtp-server/pace.h"
#include "mtp-server/thumbnail.h"

#define ROOM (2u << 20) /* an update and one tile more */
#define CACHE_MAX (16u << 20)
#define QUIET_US 400000 /* without a change before rough parts are refined */
#define TICK_MS 1000
/* Calls that QEMU has not answered before movements are merged. A phone that has just been cloned
 * takes 200 ms for its first touch, and what a shell makes of a swipe depends on its path: half a
 * second of it is kept. */
#define MERGE_IN_FLIGHT 48

struct worker {
	const struct worker_events *events;
	void *data;
	struct display *display;
	struct picture picture;
	struct block_set damage, rest;
	bool shown;       /* QEMU has shown something */
	bool looked_away; /* the display has changed and nobody looked yet */
	struct pace pace;
	GSource *clock, *quiet;
	guint tick;
	int64_t changed_us;
	struct input input;
	GPtrArray *viewers; /* owned */
	struct tiling *tiling;
	struct tile_cache *cache;
	struct jpeg_encoder *jpeg;
	uint8_t *room;
};

static struct mtp_writer room_of(struct worker *w)
{
	return mtp_writer_of(w->room, ROOM);
}

/* Worth it only when somebody else may want the same tile. */
static struct tile_cache *cache_of(struct worker *w)
{
	return w->viewers->len > 1 ? w->cache : NULL;
}

static void set_screen(struct worker *w, unsigned width, unsigned height)
{
	picture_finish(&w->picture);
	block_set_finish(&w->damage);
	block_set_finish(&w->rest);
	picture_init(&w->picture, width, height);
	block_set_init(&w->damage, width, height);
	block_set_init(&w->rest, width, height);
	tile_cache_clear(w->cache);
	input_screen(&w->input, width, height);
	for (guint i = 0; i < w->viewers->len; i++)
		viewer_screen(w->viewers->pdata[i], &w->picture);
}

/* Nothing is shown: black. */
static struct surface *black(const struct worker *w)
{
	size_t stride = (size_t)w->picture.width * sizeof(uint32_t);
	g_autofree uint8_t *bytes = g_malloc0(stride * w->picture.height);
	return surface_new_copied(bytes, stride * w->picture.height, w->picture.width,
	    w->picture.height, (uint32_t)stride, SURFACE_X8R8G8B8, NULL);
}

/* Brings the picture up to date and tells the viewers; true when something had changed. */
static bool look(struct worker *w)
{
	struct rectangle region;
	AUTO(surface) surface = display_take(w->display, &region);
	w->looked_away = false;
	w->shown |= surface != NULL;
	if (!surface)
		surface = black(w);
	if (surface->width != w->picture.width || surface->height != w->picture.height) {
		set_screen(w, surface->width, surface->height);
		region = (struct rectangle){0, 0, surface->width, surface->height};
	} else if (!w->picture.version) {
		region = (struct rectangle){0, 0, surface->width, surface->height};
	}
	damage_collect(
	    &w->picture, surface, region, (uint32_t)(g_get_monotonic_time() / 1000), &w->damage);
	if (!w->damage.count)
		return false;
	struct scroll scroll;
	bool scrolled = scroll_find(&w->picture, &w->damage, &scroll);
	if (scrolled) {
		block_set_copy(&w->rest, &w->damage);
		block_set_remove_within(&w->rest, scroll.target);
	}
	for (guint i = 0; i < w->viewers->len; i++)
		viewer_damage(
		    w->viewers->pdata[i], &w->damage, scrolled ? &scroll : NULL, &w->rest);
	damage_settle(&w->picture, &w->damage);
	w->changed_us = g_get_monotonic_time();
	return true;
}

static bool anybody_ready(const struct worker *w)
{
	for (guint i = 0; i < w->viewers->len; i++)
		if (viewer_is_ready(w->viewers->pdata[i]))
			return true;
	return false;
}

static void wait_for_quiet(struct worker *w)
{
	bool rough = false;
	for (guint i = 0; i < w->viewers->len; i++)
		rough |= viewer_is_rough(w->viewers->pdata[i]);
	g_source_set_ready_time(w->quiet, rough ? w->changed_us + QUIET_US : -1);
}

static gboolean on_quiet(gpointer data)
{
	struct worker *w = data;
	g_source_set_ready_time(w->quiet, -1);
	for (guint i = 0; i < w->viewers->len; i++)
		viewer_refine(
		    w->viewers->pdata[i], &w->picture, w->tiling, cache_of(w), room_of(w));
	return G_SOURCE_CONTINUE;
}

static gboolean on_clock(gpointer data)
{
	struct worker *w = data;
	g_source_set_ready_time(w->clock, -1);
	/* An acknowledgement, or QEMU's first picture, sets the clock again. */
	if (!w->shown || !anybody_ready(w))
		return G_SOURCE_CONTINUE;
	int64_t begin = g_get_monotonic_time();
	bool looked = w->looked_away;
	bool changed = looked && look(w);
	for (guint i = 0; i < w->viewers->len; i++)
		viewer_update(
		    w->viewers->pdata[i], &w->picture, w->tiling, cache_of(w), room_of(w));
	if (looked)
		pace_looked(&w->pace, begin, g_get_monotonic_time(), changed);
	wait_for_quiet(w);
	return G_SOURCE_CONTINUE;
}

/* The next frame, as soon as the pace allows; what is owed from before need not wait. */
static void set_clock(struct worker *w, bool owed)
{
	if (w->looked_away || owed)
		g_source_set_ready_time(w->clock, owed ? 0 : pace_due(&w->pace));
}

/* --- the display's events --- */

static void on_changed(void *data)
{
	struct worker *w = data;
	w->looked_away = true;
	w->shown = true;
	if (w->viewers->len)
		set_clock(w, false);
}

static void on_settled(void *data)
{
	struct worker *w = data;
	input_flush(&w->input);
	if (!display_is_busy(w->display))
		for (guint i = 0; i < w->viewers->len; i++)
			viewer_pause(w->viewers->pdata[i], false);
}

static void on_gone(void *data)
{
	struct worker *w = data;
	for (guint i = 0; i < w->viewers->len; i++)
		viewer_bye(w->viewers->pdata[i], MTP_BYE_PHONE_GONE,
		    "the phone has been turned off; start it again");
	w->events->gone(w->data);
}

/* --- the viewers' events --- */

static void on_input(struct viewer *viewer, const struct mtp_message *message, void *data)
{
	struct worker *w = data;
	struct input_holder *holder = viewer_holder(viewer);
	if (message->type == MTP_TYPE_POINTER)
		input_pointer(&w->input, holder, &message->pointer);
	else if (message->type == MTP_TYPE_TOUCH)
		input_touch(&w->input, holder, &message->touch);
	else
		input_key(&w->input, holder, &message->key);
	pace_input(&w->pace);
	set_clock(w, false);
	if (display_is_busy(w->display))
		for (guint i = 0; i < w->viewers->len; i++)
			viewer_pause(w->viewers->pdata[i], true);
}

static void on_wants(struct viewer *viewer, void *data)
{
	struct worker *w = data;
	set_clock(w, viewer_is_owed(viewer) && viewer_is_ready(viewer));
	wait_for_quiet(w);
}

static void on_closed(struct viewer *viewer, void *data)
{
	struct worker *w = data;
	input_release(&w->input, viewer_holder(viewer));
	w->events->left(viewer_session(viewer), w->data);
	g_ptr_array_remove(w->viewers, viewer);
}

static gboolean on_tick(gpointer data)
{
	struct worker *w = data;
	int64_t now = g_get_monotonic_time();
	for (guint i = 0; i < w->viewers->len; i++)
		viewer_tick(w->viewers->pdata[i], now);
	return G_SOURCE_CONTINUE;
}

/* --- input to the display --- */

static void sink_move(void *data, unsigned x, unsigned y)
{
	display_pointer_move(((struct worker *)data)->display, x, y);
}

static void sink_button(void *data, unsigned button, bool down)
{
	display_pointer_button(((struct worker *)data)->display, button, down);
}

static void sink_touch(void *data, unsigned phase, unsigned slot, unsigned x, unsigned y)
{
	display_touch(((struct worker *)data)->display, phase, slot, x, y);
}

static void sink_key(void *data, unsigned qnum, bool down)
{
	display_key(((struct worker *)data)->display, qnum, down);
}

static bool sink_is_slow(void *data)
{
	return display_in_flight(((struct worker *)data)->display) >= MERGE_IN_FLIGHT;
}

/* --- the worker --- */

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	(void)source;
	return callback(data);
}

/* Fires at its ready time. */
static GSource *timer_new(GSourceFunc callback, void *data)
{
	static GSourceFuncs functions = {.dispatch = dispatch};
	GSource *source = g_source_new(&functions, sizeof(GSource));
	g_source_set_callback(source, callback, data, NULL);
	g_source_set_ready_time(source, -1);
	g_source_attach(source, NULL);
	return source;
}

struct worker *worker_new(int display_fd, unsigned width, unsigned height, unsigned touch_points,
    const struct worker_events *events, void *data, GError **error)
{
	static const struct display_events display_events = {
	    .changed = on_changed, .settled = on_settled, .gone = on_gone};
	static const struct input_sink sink = {.move = sink_move,
	    .button = sink_button,
	    .touch = sink_touch,
	    .key = sink_key,
	    .is_slow = sink_is_slow};
	struct worker *w = g_new0(struct worker, 1);
	w->events = events;
	w->data = data;
	w->viewers = g_ptr_array_new_with_free_func((GDestroyNotify)viewer_free);
	w->cache = tile_cache_new(CACHE_MAX);
	w->tiling = tiling_new();
	w->jpeg = jpeg_encoder_new();
	w->room = g_malloc(ROOM);
	pace_init(&w->pace);
	input_init(&w->input, &sink, w, touch_points);
	set_screen(w, width, height);
	w->clock = timer_new(on_clock, w);
	w->quiet = timer_new(on_quiet, w);
	w->tick = g_timeout_add(TICK_MS, on_tick, w);
	w->display = display_new(display_fd, &display_events, w, error);
	if (!w->display) {
		worker_free(w);
		return NULL;
	}
	return w;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	g_ptr_array_unref(w->viewers);
	display_free(w->display);
	g_source_destroy(w->clock);
	g_source_unref(w->clock);
	g_source_destroy(w->quiet);
	g_source_unref(w->quiet);
	g_source_remove(w->tick);
	picture_finish(&w->picture);
	block_set_finish(&w->damage);
	block_set_finish(&w->rest);
	tiling_free(w->tiling);
	tile_cache_free(w->cache);
	jpeg_encoder_free(w->jpeg);
	g_free(w->room);
	g_free(w);
}

bool worker_add_viewer(
    struct worker *w, int fd, const struct viewer_options *options, GError **error)
{
	static const struct viewer_events viewer_events = {
	    .input = on_input, .wants = on_wants, .closed = on_closed};
	worker_end_viewer(
	    w, options->session, MTP_BYE_ENDED, "the same session has been opened elsewhere");
	struct viewer_options ours = *options;
	ours.touch_points = w->input.touch_points;
	struct viewer *viewer = viewer_new(fd, &ours, &w->picture, &viewer_events, w);
	g_ptr_array_add(w->viewers, viewer);
	if (w->viewers->len > WORKER_VIEWERS_MAX) {
		viewer_bye(viewer, MTP_BYE_OVERLOADED, "too many look at this phone already");
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "%u viewers look at this phone already", WORKER_VIEWERS_MAX);
		return false;
	}
	/* Its first picture is the one that is there now. */
	w->looked_away = true;
	set_clock(w, true);
	return true;
}

void worker_end_viewer(
    struct worker *w, const char *session, enum mtp_bye_code code, const char *reason)
{
	for (guint i = 0; i < w->viewers->len; i++)
		if (g_str_equal(viewer_session(w->viewers->pdata[i]), session))
			viewer_bye(w->viewers->pdata[i], code, reason);
}

unsigned worker_viewers(const struct worker *w)
{
	return w->viewers->len;
}

JsonArray *worker_counters(const struct worker *w)
{
	JsonArray *array = json_array_new();
	for (guint i = 0; i < w->viewers->len; i++) {
		struct viewer_counters counters = viewer_counters(w->viewers->pdata[i]);
		JsonObject *object = json_object_new();
		json_object_set_string_member(
		    object, "session", viewer_session(w->viewers->pdata[i]));
		json_object_set_int_member(object, "frames", (gint64)counters.frames);
		json_object_set_int_member(object, "bytes", (gint64)counters.bytes);
		json_array_add_object_element(array, object);
	}
	return array;
}

GBytes *worker_thumbnail(struct worker *w, unsigned width, GError **error)
{
	if (!w->shown) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "the phone has not shown a picture yet; try again in a moment");
		return NULL;
	}
	if (w->looked_away && look(w))
		for (guint i = 0; i < w->viewers->len; i++)
			viewer_update(
			    w->viewers->pdata[i], &w->picture, w->tiling, cache_of(w), room_of(w));
	g_autofree uint8_t *jpeg = g_malloc(THUMBNAIL_SIZE_MAX);
	size_t n = thumbnail_make(&w->picture, width, w->jpeg, jpeg, THUMBNAIL_SIZE_MAX);
	if (!n) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_TOO_LARGE,
		    "the thumbnail is too large; ask for fewer pixels");
		return NULL;
	}
	return g_bytes_new(jpeg, n);
}
