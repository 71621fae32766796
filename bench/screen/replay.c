/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/screen/replay.h"

#include "bench/screen/cpu_clock.h"
#include "mtp-server/screens.h"

struct replay {
	struct screens *screens;
	struct feed *feed;
	struct simulated_link *down, *up;
	struct terminal *terminal;
	struct mtp_deframer deframer; /* of what the terminal says */
	uint8_t buffer[MTP_FRAME_HEADER + MTP_MAX_TO_SERVER];
	bool unlimited;
	struct surface *surface;  /* what the phone shows */
	struct rectangle changed; /* and where it has changed */
	int64_t now_us;
	struct replay_counters counters;
	struct frame_age age;
	int64_t as_of_us; /* what is shown whole */
	void (*shown)(int64_t as_of_us, void *data);
	void *data;
};

/* --- the screen's host, the feed's sink --- */

static struct surface *host_take(void *data, struct rectangle *region)
{
	struct replay *r = data;
	*region = r->changed;
	r->changed = (struct rectangle){0};
	return r->surface ? surface_ref(r->surface) : NULL;
}

static int64_t host_now(void *data)
{
	return ((struct replay *)data)->now_us;
}

static void host_resized(void *data, unsigned width, unsigned height)
{
	(void)data, (void)width, (void)height;
}

static void sink_send(void *data, const void *bytes, size_t n)
{
	struct replay *r = data;
	r->counters.bytes += n;
	simulated_link_send(r->down, r->now_us, bytes, n);
}

static bool sink_is_free(void *data)
{
	(void)data;
	/* mtpd's and the kernel's buffers: they take all that flow control lets through. */
	return true;
}

/* --- messages from the terminal --- */

static void on_hello(struct replay *r, const struct mtp_hello *hello)
{
	static const struct feed_sink sink = {
	    .send = sink_send, .is_free = sink_is_free, .now_us = host_now};
	const struct adapt_wish wish = {
	    hello->width, hello->height, hello->rotation, hello->scaling};
	const struct picture *picture = screens_picture(r->screens, &wish);
	r->feed = feed_new(hello->codecs, picture, &sink, r);
	feed_welcome(r->feed, picture, MTP_VERSION, hello->touch_points, "");
	screens_add(r->screens, r->feed, &wish);
}

static void on_bytes(struct replay *r, const uint8_t *bytes, size_t n)
{
	struct mtp_frame frame;
	while (mtp_deframer_next(&r->deframer, &bytes, &n, &frame) == MTP_OK) {
		struct mtp_message message;
		if (mtp_message_decode(&message, MTP_BY_CLIENT, &frame) != MTP_OK)
			g_error("the client core says what is not MTP");
		if (message.type == MTP_TYPE_HELLO)
			on_hello(r, &message.hello);
		else if (message.type == MTP_TYPE_ACK &&
		         !feed_acknowledge(r->feed, message.ack.sequence))
			g_error("the client core acknowledges what was never sent");
		else if (message.type == MTP_TYPE_REFRESH)
			feed_refresh(r->feed);
	}
}

static void take_output(struct replay *r)
{
	g_autoptr(GByteArray) output = terminal_take_output(r->terminal);
	simulated_link_send(r->up, r->now_us, output->data, output->len);
}

/* --- the clock --- */

struct replay *replay_new(unsigned width, unsigned height, const struct mtp_terminal *terminal,
    const struct simulated_link_options *link, int64_t now_us)
{
	static const struct screen_host host = {
	    .take = host_take, .now_us = host_now, .resized = host_resized};
	struct replay *r = g_new0(struct replay, 1);
	struct simulated_link_options back = *link;
	back.seed = ~link->seed;
	r->down = simulated_link_new(link);
	r->up = simulated_link_new(&back);
	r->unlimited = !link->kbps && !link->rtt_ms && link->loss == 0;
	frame_age_init(&r->age);
	r->now_us = now_us;
	r->screens = screens_new(width, height, &host, r);
	r->terminal = terminal_new(terminal);
	mtp_deframer_init(&r->deframer, r->buffer, MTP_MAX_TO_SERVER);
	/* A recording begins with a terminal that has said HELLO. */
	g_autoptr(GByteArray) hello = terminal_take_output(r->terminal);
	on_bytes(r, hello->data, hello->len);
	return r;
}

void replay_on_shown(struct replay *r, void (*shown)(int64_t as_of_us, void *data), void *data)
{
	r->shown = shown;
	r->data = data;
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	screens_free(r->screens);
	feed_free(r->feed);
	simulated_link_free(r->down);
	simulated_link_free(r->up);
	terminal_free(r->terminal);
	frame_age_finish(&r->age);
	surface_free(r->surface);
	g_free(r);
}

static int64_t next_event(const struct replay *r)
{
	int64_t wire = MIN(simulated_link_due(r->down), simulated_link_due(r->up));
	return MIN(wire, screens_due(r->screens));
}

/* Is what the terminal shows news? */
static void look(struct replay *r)
{
	int64_t as_of_us = (int64_t)terminal_counters(r->terminal).as_of_ms * 1000;
	if (as_of_us == r->as_of_us)
		return;
	r->as_of_us = as_of_us;
	frame_age_shown(&r->age, as_of_us, r->now_us);
	if (r->shown)
		r->shown(as_of_us, r->data);
}

/* All that is due now, once. */
static bool step(struct replay *r, GError **error)
{
	g_autoptr(GBytes) down = simulated_link_receive(r->down, r->now_us);
	if (down) {
		size_t n;
		const void *bytes = g_bytes_get_data(down, &n);
		if (!terminal_feed(r->terminal, bytes, n, error))
			return false;
		look(r);
		take_output(r);
	}
	int64_t begin = cpu_clock_ns();
	g_autoptr(GBytes) up = simulated_link_receive(r->up, r->now_us);
	if (up) {
		size_t n;
		const void *bytes = g_bytes_get_data(up, &n);
		on_bytes(r, bytes, n);
	}
	/* The wire first: what has been sent is there before something newer is drawn. */
	if (!down && !up)
		screens_run(r->screens);
	r->counters.cpu_ns += cpu_clock_ns() - begin;
	return true;
}

bool replay_run(struct replay *r, int64_t until_us, GError **error)
{
	for (int64_t due; (due = next_event(r)) <= until_us;) {
		r->now_us = MAX(r->now_us, due);
		if (!step(r, error))
			return false;
	}
	r->now_us = MAX(r->now_us, until_us);
	return true;
}

static struct surface *surface_of(const struct ppm *frame)
{
	size_t pixels = (size_t)frame->width * frame->height;
	g_autofree uint32_t *xrgb = g_new(uint32_t, pixels);
	for (size_t i = 0; i < pixels; i++) {
		const uint8_t *rgb = frame->rgb + i * 3;
		xrgb[i] = (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
	}
	return surface_new_copied(xrgb, pixels * sizeof *xrgb, frame->width, frame->height,
	    frame->width * (uint32_t)sizeof *xrgb, SURFACE_X8R8G8B8, NULL);
}

bool replay_frame(struct replay *r, int64_t now_us, const struct ppm *frame, GError **error)
{
	if (!replay_run(r, now_us, error))
		return false;
	surface_free(r->surface);
	r->surface = surface_of(frame);
	r->changed = (struct rectangle){0, 0, frame->width, frame->height};
	frame_age_drawn(&r->age, r->now_us);
	screens_changed(r->screens);
	/* The phone waits for the server's pace, if nothing else is slow. */
	while (r->unlimited && !rectangle_is_empty(r->changed)) {
		r->now_us = MAX(r->now_us, next_event(r));
		if (!step(r, error))
			return false;
	}
	return replay_run(r, r->now_us, error);
}

const struct terminal *replay_terminal(const struct replay *r)
{
	return r->terminal;
}

struct replay_counters replay_counters(const struct replay *r)
{
	return r->counters;
}
struct frame_age *replay_age(struct replay *r)
{
	frame_age_end(&r->age, r->now_us);
	return &r->age;
}
