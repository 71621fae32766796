/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One frame: QEMU says that something changed (display.c, in its own thread) -> the screen says
 * when to look (screen.c) -> each viewer that can take an update gets what it is owed.
 */
#include "mtp-server/worker.h"

#include "common/error.h"
#include "mtp-server/guest_mode.h"
#include "mtp-server/screens.h"
#include "mtp-server/text_layer.h"
#include "mtp-server/thumbnail.h"

#define TICK_MS 1000

struct worker {
	const struct worker_events *events;
	void *data;
	struct display *display;
	struct screens *screens;
	struct text_layer *text;
	GSource *clock; /* runs the screens and the mode */
	guint tick;
	struct input input;
	struct guest_mode mode;
	struct viewer *driver;    /* whose terminal the mode follows; NULL: nobody's */
	GPtrArray *viewers;       /* owned */
	struct memories memories; /* of viewers that have left */
	struct jpeg_encoder *jpeg;
};

/* --- the screen --- */

/* After whatever may have changed when it is due. */
static void set_clock(struct worker *w)
{
	int64_t due = MIN(screens_due(w->screens), guest_mode_due(&w->mode));
	g_source_set_ready_time(w->clock, due == SCREEN_NEVER ? -1 : MAX(due, 0));
}

/* Its card tells the guest of a monitor that has this size; millimetres are its density. */
static void run_mode(struct worker *w)
{
	struct guest_mode_size s;
	if (!guest_mode_run(&w->mode, g_get_monotonic_time(), &s))
		return;
	double mm = s.dpi ? 25.4 / s.dpi : 0;
	console_screen(display_console(w->display), s.width, s.height,
	    (unsigned)(s.width * mm + 0.5), (unsigned)(s.height * mm + 0.5));
}

static gboolean on_clock(gpointer data)
{
	struct worker *w = data;
	screens_run(w->screens);
	run_mode(w);
	set_clock(w);
	return G_SOURCE_CONTINUE;
}

static struct surface *host_take(void *data, struct rectangle *region)
{
	return display_take(((struct worker *)data)->display, region);
}

static int64_t host_now(void *data)
{
	(void)data;
	return g_get_monotonic_time();
}

static void host_resized(void *data, unsigned width, unsigned height)
{
	struct worker *w = data;
	input_screen(&w->input, width, height);
	guest_mode_shown(&w->mode, width, height, g_get_monotonic_time());
	set_clock(w);
}

/* --- the display's events --- */

static void on_changed(void *data)
{
	struct worker *w = data;
	screens_changed(w->screens);
	set_clock(w);
}

static void on_settled(void *data)
{
	struct worker *w = data;
	input_flush(&w->input);
	if (!console_is_busy(display_console(w->display)))
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

static struct adapt_wish wish_of(const struct mtp_terminal *terminal)
{
	return (struct adapt_wish){
	    terminal->width, terminal->height, terminal->rotation, terminal->scaling};
}

/* NULL: nobody drives any more. */
static void drive(struct worker *w, struct viewer *viewer)
{
	w->driver = viewer;
	guest_mode_follow(
	    &w->mode, viewer ? viewer_terminal(viewer) : NULL, g_get_monotonic_time());
}

static void on_input(struct viewer *viewer, const struct mtp_message *message, void *data)
{
	struct worker *w = data;
	struct input_holder *holder = viewer_holder(viewer);
	const struct adapt_fit *fit = screens_fit(w->screens, viewer_feed(viewer));
	struct mtp_message m = *message;
	if (viewer != w->driver)
		drive(w, viewer);
	if (m.type == MTP_TYPE_POINTER) {
		adapt_fit_point(fit, &m.pointer.x, &m.pointer.y);
		input_pointer(&w->input, holder, &m.pointer);
	} else if (m.type == MTP_TYPE_TOUCH) {
		adapt_fit_point(fit, &m.touch.x, &m.touch.y);
		input_touch(&w->input, holder, &m.touch);
	} else {
		input_key(&w->input, holder, &m.key);
	}
	screens_input(w->screens);
	set_clock(w);
	if (console_is_busy(display_console(w->display)))
		for (guint i = 0; i < w->viewers->len; i++)
			viewer_pause(w->viewers->pdata[i], true);
}

static void on_terminal(struct viewer *viewer, const struct mtp_terminal *terminal, void *data)
{
	struct worker *w = data;
	const struct adapt_wish wish = wish_of(terminal);
	screens_wish(w->screens, viewer_feed(viewer), &wish);
	if (viewer == w->driver)
		drive(w, viewer);
	set_clock(w);
}

static void on_wants(struct viewer *viewer, void *data)
{
	(void)viewer;
	set_clock(data);
}

static void on_read(struct viewer *viewer, uint32_t id, void *data)
{
	struct worker *w = data;
	text_layer_ask(w->text, viewer, id);
}

static void remember(struct worker *w, const struct viewer *viewer)
{
	struct feed *feed = viewer_feed(viewer);
	memories_add(&w->memories, feed_leave(feed, screens_feed_picture(w->screens, feed),
	                               viewer_session(viewer), g_get_monotonic_time()));
}

static void on_closed(struct viewer *viewer, void *data)
{
	struct worker *w = data;
	input_release(&w->input, viewer_holder(viewer));
	text_layer_forget(w->text, viewer);
	w->events->left(viewer_session(viewer), w->data);
	remember(w, viewer);
	screens_remove(w->screens, viewer_feed(viewer));
	if (viewer == w->driver)
		drive(w, NULL);
	g_ptr_array_remove(w->viewers, viewer);
	set_clock(w);
}

static gboolean on_tick(gpointer data)
{
	struct worker *w = data;
	int64_t now = g_get_monotonic_time();
	for (guint i = 0; i < w->viewers->len; i++)
		viewer_tick(w->viewers->pdata[i], now);
	memories_tick(&w->memories, now);
	return G_SOURCE_CONTINUE;
}

/* --- what is written --- */

static void text_wants_process(void *data)
{
	struct worker *w = data;
	w->events->wants_reader(w->data);
}

static const struct picture *text_look(void *data)
{
	struct worker *w = data;
	const struct picture *picture = screens_look(w->screens);
	set_clock(w);
	return picture;
}

/* From the phone's pixels to those of a terminal that sees it scaled and turned. */
static void text_answer(void *asker, uint32_t id, enum mtp_words_status status,
    const uint8_t *words, size_t n, void *data)
{
	struct worker *w = data;
	const struct adapt_fit *fit = screens_fit(w->screens, viewer_feed(asker));
	g_autofree uint8_t *bytes = g_malloc(MAX(n, 1));
	struct mtp_reader r = mtp_reader_of(words, n);
	struct mtp_writer out = mtp_writer_of(bytes, n);
	struct mtp_word word;
	while (n && mtp_word_read(&r, &word) == MTP_OK) {
		adapt_fit_word(fit, &word);
		mtp_word_write(&word, &out);
	}
	viewer_words(asker, id, status, bytes, out.size);
}

void worker_give_reader(struct worker *w, int fd)
{
	if (fd >= 0)
		text_layer_give(w->text, fd);
	else
		text_layer_refuse(w->text);
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

struct worker *worker_new(const struct display_sockets *sockets, const struct worker_screen *screen,
    const struct worker_events *events, void *data, GError **error)
{
	static const struct display_events display_events = {
	    .changed = on_changed, .settled = on_settled, .gone = on_gone};
	static const struct screen_host host = {
	    .take = host_take, .now_us = host_now, .resized = host_resized};
	static const struct text_layer_events text_events = {
	    .wants_process = text_wants_process, .look = text_look, .answer = text_answer};
	struct worker *w = g_new0(struct worker, 1);
	w->events = events;
	w->data = data;
	w->viewers = g_ptr_array_new_with_free_func((GDestroyNotify)viewer_free);
	memories_init(&w->memories);
	w->jpeg = jpeg_encoder_new(false);
	w->screens = screens_new(screen->width, screen->height, &host, w);
	guest_mode_init(&w->mode, screen->width, screen->height, screen->mode_pixels);
	w->text = text_layer_new(&text_events, w);
	w->clock = timer_new(on_clock, w);
	w->tick = g_timeout_add(TICK_MS, on_tick, w);
	w->display = display_new(sockets, &display_events, w, error);
	if (!w->display) {
		worker_free(w);
		return NULL;
	}
	input_init(&w->input, &console_sink, display_console(w->display), screen->touch_points);
	input_screen(&w->input, screen->width, screen->height);
	return w;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	text_layer_free(w->text);
	screens_free(w->screens); /* before the feeds, which it borrows */
	g_ptr_array_unref(w->viewers);
	memories_finish(&w->memories);
	display_free(w->display);
	g_source_destroy(w->clock);
	g_source_unref(w->clock);
	g_source_remove(w->tick);
	jpeg_encoder_free(w->jpeg);
	g_free(w);
}

bool worker_add_viewer(
    struct worker *w, int fd, const struct viewer_options *options, GError **error)
{
	static const struct viewer_events viewer_events = {.input = on_input,
	    .terminal = on_terminal,
	    .read = on_read,
	    .wants = on_wants,
	    .closed = on_closed};
	/* Its old stream may be cut, and nobody noticed yet. */
	for (guint i = 0; i < w->viewers->len; i++)
		if (g_str_equal(viewer_session(w->viewers->pdata[i]), options->session))
			remember(w, w->viewers->pdata[i]);
	worker_end_viewer(
	    w, options->session, MTP_BYE_ENDED, "the same session has been opened elsewhere");
	struct viewer_options ours = *options;
	ours.touch_points = w->input.touch_points;
	const struct adapt_wish wish = wish_of(&options->terminal);
	const struct picture *picture = screens_picture(w->screens, &wish);
	struct memory *memory = memories_take(&w->memories, options->session, &options->place);
	struct viewer *viewer = viewer_new(fd, &ours, picture, memory, &viewer_events, w);
	memory_free(memory);
	g_ptr_array_add(w->viewers, viewer);
	screens_add(w->screens, viewer_feed(viewer), &wish);
	if (w->viewers->len > WORKER_VIEWERS_MAX) {
		viewer_bye(viewer, MTP_BYE_OVERLOADED, "too many look at this phone already");
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "%u viewers look at this phone already", WORKER_VIEWERS_MAX);
		return false;
	}
	if (options->may_input)
		drive(w, viewer);
	set_clock(w);
	return true;
}

void worker_end_viewer(
    struct worker *w, const char *session, enum mtp_bye_code code, const char *reason)
{
	for (guint i = 0; i < w->viewers->len; i++)
		if (g_str_equal(viewer_session(w->viewers->pdata[i]), session))
			viewer_bye(w->viewers->pdata[i], code, reason);
}

JsonArray *worker_counters(const struct worker *w)
{
	JsonArray *array = json_array_new();
	for (guint i = 0; i < w->viewers->len; i++) {
		struct feed_counters counters = feed_counters(viewer_feed(w->viewers->pdata[i]));
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
	const struct picture *picture = screens_look(w->screens);
	if (!picture) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "the phone has not shown a picture yet; try again in a moment");
		return NULL;
	}
	set_clock(w);
	g_autofree uint8_t *jpeg = g_malloc(THUMBNAIL_SIZE_MAX);
	size_t n = thumbnail_make(picture, width, w->jpeg, jpeg, THUMBNAIL_SIZE_MAX);
	if (!n) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_TOO_LARGE,
		    "the thumbnail is too large; ask for fewer pixels");
		return NULL;
	}
	return g_bytes_new(jpeg, n);
}
