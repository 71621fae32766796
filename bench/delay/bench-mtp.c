/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What mtpd and its workers cost, from the memory that QEMU hands over to the pixels on a terminal
 * behind TLS, without a guest (fake_phone.h). bench/mtp starts mtpd and calls this:
 *
 *   bench-mtp delay SOCKET KEYS PORT RECORDING FRAMES PHONE
 *       draws frames with their time in the pixels, and reads it where they are shown: by MTP, and
 *       in turn by sending the whole frame through TCP on loopback (raw)
 *   bench-mtp phones SOCKET MTPD-PID RECORDING SECONDS PHONE...
 *       draws five frames a second on each; what of a core that takes, a phone, and as many frames
 *       by VNC's Tight encoding (bench/peers)
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/delay/fake_phone.h"
#include "bench/delay/frames.h"
#include "bench/delay/processes.h"
#include "bench/delay/raw_sender.h"
#include "bench/delay/stamp.h"
#include "bench/peers/libvnc_leaks.h"
#include "bench/peers/peer.h"
#include "common/error.h"
#include "tests/mtp-server/terminal.h"

#define FRAME_MS 200 /* ordinary use: five a second */
#define FRAME_US (FRAME_MS * 1000)
#define TURN 20 /* frames by one way, then by the other */
#define DRAWN_MAX 100000
#define SECONDS_MAX 600

/* --- delay --- */

static int compare(gconstpointer a, gconstpointer b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* Nearest rank. */
static double percentile(GArray *values, unsigned percent)
{
	g_array_sort(values, compare);
	guint rank = (values->len * percent + 99) / 100;
	return values->len ? g_array_index(values, double, MAX(rank, 1) - 1) : 0;
}

static uint64_t shown_stamp(struct terminal *t)
{
	const struct picture *picture = mtp_session_picture(t->session);
	bool there = picture->width >= STAMP_WIDTH && picture->height >= STAMP_HEIGHT;
	return there ? stamp_read(picture->pixels, picture->width) : 0;
}

static bool shows(struct terminal *t, const void *stamp)
{
	return shown_stamp(t) == *(const uint64_t *)stamp;
}

struct delay {
	const struct frames *frames;
	struct fake_phones *phones;
	struct raw_sender *raw;
	struct terminal *terminal;
	size_t next;
};

/* Draws the next frame; its time. */
static uint64_t draw_next(struct delay *d)
{
	uint32_t *pixels = fake_phone_pixels(d->phones, 0);
	frames_draw(d->frames, d->next++, pixels);
	uint64_t now = (uint64_t)g_get_monotonic_time();
	stamp_write(pixels, d->frames->width, now);
	return now;
}

/* Reads what comes until the next frame is due: acknowledgements and refinements do not wait. */
static double frame_by_mtp(struct delay *d)
{
	uint64_t stamp = draw_next(d);
	fake_phone_flush(d->phones, 0, 0, d->frames->height);
	if (!terminal_wait(d->terminal, shows, &stamp, "the frame"))
		return -1;
	double ms = (double)(g_get_monotonic_time() - (int64_t)stamp) / 1000;
	terminal_read(d->terminal, (int)MAX(FRAME_MS - ms, 1));
	return ms;
}

static double frame_raw(struct delay *d)
{
	uint64_t stamp = draw_next(d);
	const uint32_t *received = raw_sender_frame(d->raw);
	if (!received || stamp_read(received, d->frames->width) != stamp)
		return -1;
	double ms = (double)(g_get_monotonic_time() - (int64_t)stamp) / 1000;
	g_usleep((gulong)MAX(FRAME_US - ms * 1000, 1000));
	return ms;
}

static bool measure_delay(struct delay *d, unsigned n)
{
	g_autoptr(GArray) mtp = g_array_new(FALSE, FALSE, sizeof(double));
	g_autoptr(GArray) raw = g_array_new(FALSE, FALSE, sizeof(double));
	while (mtp->len < n) {
		for (unsigned i = 0; i < TURN; i++) {
			double ms = frame_by_mtp(d);
			if (ms < 0)
				return false;
			g_array_append_val(mtp, ms);
		}
		for (unsigned i = 0; i < TURN; i++) {
			double ms = frame_raw(d);
			if (ms < 0)
				return fail("the raw frame did not come");
			g_array_append_val(raw, ms);
		}
	}
	double mtp50 = percentile(mtp, 50), mtp95 = percentile(mtp, 95);
	double raw50 = percentile(raw, 50), raw95 = percentile(raw, 95);
	printf("delay frames=%u mtp_p50_ms=%.2f mtp_p95_ms=%.2f raw_p50_ms=%.2f raw_p95_ms=%.2f "
	       "added_p50_ms=%.2f added_p95_ms=%.2f\n",
	    mtp->len, mtp50, mtp95, raw50, raw95, mtp50 - raw50, mtp95 - raw95);
	return true;
}

static bool run_delay(char **args, GError **error)
{
	AUTO(frames) frames = frames_open(args[3], error);
	if (!frames)
		return false;
	AUTO(fake_phones)
	phones = fake_phones_new(args[0], &args[5], 1, frames->width, frames->height, error);
	if (!phones)
		return false;
	AUTO(raw_sender)
	raw = raw_sender_new(
	    fake_phone_pixels(phones, 0), (size_t)frames->width * frames->height * 4, error);
	if (!raw)
		return false;
	struct terminal terminal;
	terminal_init(&terminal);
	terminal.folder = args[1];
	terminal.port = atoi(args[2]);
	terminal.host = "host-1";
	terminal.phone = args[5];
	terminal.session_id = args[5];
	terminal.role = "user";
	struct delay d = {frames, phones, raw, &terminal, 0};
	bool good = terminal_open(&terminal);
	/* The first frames bring letters that later ones refer to. */
	uint64_t stamp = good ? draw_next(&d) : 0;
	while (good && shown_stamp(&terminal) != stamp && !terminal.closed) {
		fake_phone_flush(phones, 0, 0, frames->height);
		terminal_read(&terminal, 50);
	}
	good = good && measure_delay(&d, CLAMP((unsigned)atoi(args[4]), 1, DRAWN_MAX));
	terminal_finish(&terminal);
	return good;
}

/* --- phones --- */

static void play(struct fake_phones *phones, const struct frames *frames, unsigned n, double s)
{
	int64_t begin = g_get_monotonic_time();
	/* Not all at once, as people do not. */
	for (uint64_t i = 0; i < s * n * 1000 / FRAME_MS; i++) {
		int64_t due = begin + (int64_t)(i * FRAME_US / n);
		g_usleep((gulong)MAX(due - g_get_monotonic_time(), 0));
		unsigned which = (unsigned)(i % n);
		frames_draw(frames, i / n + which * 7, fake_phone_pixels(phones, which));
		fake_phone_flush(phones, which, 0, frames->height);
	}
}

/* Processor milliseconds of a frame by VNC. */
static double tight_ms(const struct frames *frames, GError **error)
{
	void *peer = peer_tight.open(frames->width, frames->height, error);
	if (!peer)
		return -1;
	bool good = true;
	size_t n = MIN(frames->n, 50);
	for (size_t i = 0; good && i < n; i++)
		good = peer_tight.frame(peer, i * FRAME_MS, &frames->ppms[i], error);
	double ms = (double)peer_tight.cost(peer).cpu_ns / 1e6 / (double)n;
	peer_tight.close(peer);
	return good ? ms : -1;
}

static bool run_phones(char **args, unsigned n, GError **error)
{
	AUTO(frames) frames = frames_open(args[2], error);
	if (!frames)
		return false;
	AUTO(fake_phones)
	phones = fake_phones_new(args[0], &args[4], n, frames->width, frames->height, error);
	if (!phones)
		return false;
	for (unsigned i = 0; i < n;) {
		frames_draw(frames, 0, fake_phone_pixels(phones, i));
		if (fake_phone_flush(phones, i, 0, frames->height))
			i++;
		else
			g_usleep(10000); /* its terminal is on its way */
	}
	play(phones, frames, n, 3);
	int seconds = CLAMP(atoi(args[3]), 1, SECONDS_MAX);
	pid_t mtpd = atoi(args[1]);
	double begin = processes_cpu_s(mtpd);
	play(phones, frames, n, seconds);
	double share = (processes_cpu_s(mtpd) - begin) / seconds / n;
	double tight = tight_ms(frames, error);
	if (tight < 0)
		return false;
	double tight_share = tight / FRAME_MS;
	printf("phones n=%u updates_per_s=%d core_share=%.4f phones_per_core=%.0f "
	       "tight_core_share=%.4f ratio_tight=%.3f\n",
	    n, 1000 / FRAME_MS, share, 1 / share, tight_share, share / tight_share);
	return true;
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	g_autoptr(GError) error = NULL;
	bool good;
	if (argc == 8 && g_str_equal(argv[1], "delay")) {
		good = run_delay(argv + 2, &error);
	} else if (argc >= 7 && g_str_equal(argv[1], "phones")) {
		good = run_phones(argv + 2, (unsigned)argc - 6, &error);
	} else {
		g_printerr("usage: started by bench/mtp\n");
		return 2;
	}
	if (error)
		g_printerr("bench-mtp: %s\n", error->message);
	return good ? 0 : 1;
}
