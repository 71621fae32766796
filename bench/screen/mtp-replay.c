/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mtp-replay: a recorded session (recording.h) through the whole path, and what it cost:
 *
 *   replay frames= bytes= glyphs= copies= cpu_ms_per_frame= decode_ms_per_frame= exact_pixels=
 * psnr= age_p50_ms= age_p95_ms= shown= shown_psnr=
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/screen/adapted.h"
#include "bench/screen/recording.h"
#include "bench/screen/replay.h"
#include "bench/screen/score.h"
#include "bench/screen/reading.h"
#include "common/error.h"

#define KBPS_MAX 10000000
#define RTT_MAX 60000
#define SETTLE_MAX 3600000

struct options {
	char *folder, *bytes, *dump, *truth;
	gboolean text;
	gint settle_ms, kbps, rtt_ms, seed, width, height, rotate;
	double loss;
};

struct program {
	struct options options;
	struct mtp_terminal terminal;
	struct replay *replay;
	struct recording *recording; /* owned */
	struct score score;
	struct score shown; /* of whole pictures, against the frames that they show */
	size_t shown_at;    /* the last of those frames */
	unsigned pictures;  /* shown whole */
	FILE *bytes;
	uint64_t told; /* bytes of the lines in it */
};

static const char summary[] =
    "Plays a folder of <milliseconds>.ppm files (P6, one a changed frame; mtp-record makes them) "
    "through\n"
    "the server's and the terminal's side of MTP, on a virtual clock, and prints what it took:\n\n"
    "  frames       pictures in the folder\n"
    "  bytes        put on the wire by the server, from WELCOME on, headers included\n"
    "  glyphs       glyphs that were referred to instead of sent\n"
    "  copies       parts of the screen that were moved by the terminal\n"
    "  cpu_ms_per_frame, decode_ms_per_frame   processor time of the server and of the terminal\n"
    "  exact_pixels share of the pixels that are shown as drawn, over all frames (adapted to\n"
    "               another size: as the filter gives them)\n"
    "  psnr         dB over all frames; inf when all are exact\n"
    "  age_p50_ms, age_p95_ms   from a frame drawn until it, or a newer one, is shown whole: of "
    "half\n"
    "               of the frames, of 95 in 100\n"
    "  shown, shown_psnr   whole pictures that a simulated link has brought, and how like the "
    "frames\n"
    "               that they show they are; nan: there were none;\n"
    "               without a link 0 and psnr";

static bool in_range(const char *name, gint value, gint maximum, GError **error)
{
	if (value >= 0 && value <= maximum)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "--%s takes 0 to %d, not %d", name,
	    maximum, value);
	return false;
}

static bool check(const struct options *o, char **rest, GError **error)
{
	if (!rest || !rest[0] || rest[1]) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "give one folder of <milliseconds>.ppm files (see --help)");
		return false;
	}
	if (!(o->loss >= 0 && o->loss <= 50)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "--loss takes a share below 1 or 1 to 50 percent, not %g", o->loss);
		return false;
	}
	if (!o->width != !o->height || o->rotate % 90) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "give both --width and --height, or none; --rotate takes 0, 90, 180 or 270");
		return false;
	}
	return in_range("width", o->width, MTP_MAX_SIDE, error) &&
	       in_range("height", o->height, MTP_MAX_SIDE, error) &&
	       in_range("rotate", o->rotate, 270, error) &&
	       in_range("settle", o->settle_ms, SETTLE_MAX, error) &&
	       in_range("kbps", o->kbps, KBPS_MAX, error) &&
	       in_range("rtt", o->rtt_ms, RTT_MAX, error) &&
	       in_range("seed", o->seed, G_MAXINT, error);
}

static bool parse(int argc, char **argv, struct options *o, GError **error)
{
	g_auto(GStrv) rest = NULL;
	const GOptionEntry entries[] = {
	    {"bytes", 0, 0, G_OPTION_ARG_FILENAME, &o->bytes,
	        "Write a line 'milliseconds bytes' a frame: sent from its time to the next one's",
	        "FILE"},
	    {"dump", 0, 0, G_OPTION_ARG_FILENAME, &o->dump,
	        "Write what the terminal shows at each frame's time as <milliseconds>.ppm", "DIR"},
	    {"settle", 0, 0, G_OPTION_ARG_INT, &o->settle_ms,
	        "Go on for MS after the last frame (with --dump: settled.ppm)", "MS"},
	    {"kbps", 0, 0, G_OPTION_ARG_INT, &o->kbps, "Link: kilobits a second (0: unlimited)",
	        "N"},
	    {"rtt", 0, 0, G_OPTION_ARG_INT, &o->rtt_ms, "Link: round trip", "MS"},
	    {"loss", 0, 0, G_OPTION_ARG_DOUBLE, &o->loss,
	        "Link: packets lost: a share (0.02) or, from 1 on, percent (2)", "SHARE"},
	    {"seed", 0, 0, G_OPTION_ARG_INT, &o->seed, "Link: which packets are lost (default: 0)",
	        "N"},
	    {"width", 0, 0, G_OPTION_ARG_INT, &o->width,
	        "The terminal's screen: the picture is scaled to fit it on the server", "PIXELS"},
	    {"height", 0, 0, G_OPTION_ARG_INT, &o->height, "... and how high it is", "PIXELS"},
	    {"rotate", 0, 0, G_OPTION_ARG_INT, &o->rotate,
	        "The picture is turned clockwise on the server: 90, 180 or 270", "DEGREES"},
	    {"text", 0, 0, G_OPTION_ARG_NONE, &o->text,
	        "Read the last picture as the host does for a terminal: its lines, and 'text "
	        "characters= cpu_ms='",
	        NULL},
	    {"text-truth", 0, 0, G_OPTION_ARG_FILENAME, &o->truth,
	        "... and compare with what is written there: 'wrong= share='", "FILE"},
	    {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &rest, NULL, NULL},
	    {0},
	};
	GOptionContext *context = g_option_context_new("FOLDER");
	g_option_context_set_summary(context, summary);
	g_option_context_add_main_entries(context, entries, NULL);
	g_autoptr(GError) wrong = NULL;
	bool parsed = g_option_context_parse(context, &argc, &argv, &wrong);
	g_option_context_free(context);
	if (!parsed) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s (see --help)", wrong->message);
		return false;
	}
	if (!check(o, rest, error))
		return false;
	o->folder = g_strdup(rest[0]);
	return true;
}

static bool cannot_write(const char *what, GError **error)
{
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "cannot write %s: %s", what,
	    g_strerror(errno));
	return false;
}

static bool dump(struct program *p, const char *name, GError **error)
{
	unsigned width, height;
	const uint8_t *rgba = terminal_pixels(replay_terminal(p->replay), &width, &height);
	if (!p->options.dump || !rgba)
		return true;
	size_t pixels = (size_t)width * height;
	g_autofree uint8_t *rgb = g_malloc(pixels * 3);
	for (size_t i = 0; i < pixels * 3; i++)
		rgb[i] = rgba[i / 3 * 4 + i % 3];
	g_autofree char *path = g_build_filename(p->options.dump, name, NULL);
	return ppm_write(path, width, height, rgb, error);
}

/* What has been sent since the last line belongs to this frame. */
static bool tell_bytes(struct program *p, uint64_t ms, GError **error)
{
	uint64_t bytes = replay_counters(p->replay).bytes;
	if (p->bytes && fprintf(p->bytes, "%" PRIu64 " %" PRIu64 "\n", ms, bytes - p->told) < 0)
		return cannot_write(p->options.bytes, error);
	p->told = bytes;
	return true;
}

static bool is_limited(const struct options *o)
{
	return o->kbps || o->rtt_ms || o->loss > 0;
}

static void adapt_to_terminal(const struct program *p, struct ppm *ppm)
{
	if (!p->terminal.scaling && !p->terminal.rotation)
		return;
	struct ppm adapted;
	adapted_frame(ppm, &p->terminal, &adapted);
	ppm_finish(ppm);
	*ppm = adapted;
}

static void on_shown(int64_t as_of_us, void *data)
{
	struct program *p = data;
	const struct recording *recording = p->recording;
	while (p->shown_at + 1 < recording->n &&
	       (int64_t)recording->frames[p->shown_at + 1].ms * 1000 <= as_of_us)
		p->shown_at++;
	struct ppm ppm;
	/* It could be read before. */
	if (!ppm_read(recording->frames[p->shown_at].path, &ppm, NULL))
		return;
	adapt_to_terminal(p, &ppm);
	unsigned width, height;
	const uint8_t *rgba = terminal_pixels(replay_terminal(p->replay), &width, &height);
	p->pictures++;
	score_add(&p->shown, &ppm, rgba, width, height);
	ppm_finish(&ppm);
}

static bool play_frame(struct program *p, const struct recording_frame *frame,
    const struct recording_frame *before, GError **error)
{
	struct ppm ppm;
	if (!ppm_read(frame->path, &ppm, error))
		return false;
	int64_t now_us = (int64_t)frame->ms * 1000;
	if (!p->replay) {
		struct simulated_link_options link = {.kbps = (unsigned)p->options.kbps,
		    .rtt_ms = (unsigned)p->options.rtt_ms,
		    .loss = p->options.loss / (p->options.loss < 1 ? 1 : 100),
		    .seed = (uint32_t)p->options.seed};
		p->terminal = (struct mtp_terminal){.width = (uint16_t)p->options.width,
		    .height = (uint16_t)p->options.height,
		    .rotation = (uint8_t)(p->options.rotate / 90),
		    .scaling = p->options.width ? MTP_SCALING_EXACT : MTP_SCALING_NONE};
		p->replay = replay_new(ppm.width, ppm.height, &p->terminal, &link, now_us);
		if (is_limited(&p->options))
			replay_on_shown(p->replay, on_shown, p);
	}
	bool good = replay_run(p->replay, now_us, error) &&
	            (!before || tell_bytes(p, before->ms, error)) &&
	            replay_frame(p->replay, now_us, &ppm, error);
	if (good) {
		unsigned width, height;
		const uint8_t *rgba = terminal_pixels(replay_terminal(p->replay), &width, &height);
		adapt_to_terminal(p, &ppm);
		score_add(&p->score, &ppm, rgba, width, height);
		g_autofree char *name = g_path_get_basename(frame->path);
		good = dump(p, name, error);
	}
	ppm_finish(&ppm);
	return good;
}

static double shown_psnr(const struct program *p)
{
	if (p->pictures)
		return score_psnr(&p->shown);
	return is_limited(&p->options) ? NAN : score_psnr(&p->score);
}

static bool tell_text(struct program *p, const struct recording_frame *last, GError **error)
{
	struct ppm ppm;
	if (!ppm_read(last->path, &ppm, error))
		return false;
	bool good = reading_tell(&ppm, p->options.truth, stdout, error);
	ppm_finish(&ppm);
	return good;
}

static bool play(struct program *p, GError **error)
{
	const struct recording *recording = p->recording = recording_open(p->options.folder, error);
	if (!recording)
		return false;
	if (p->options.dump && g_mkdir_with_parents(p->options.dump, 0777) != 0)
		return cannot_write(p->options.dump, error);
	if (p->options.bytes && !(p->bytes = fopen(p->options.bytes, "we")))
		return cannot_write(p->options.bytes, error);
	for (size_t i = 0; i < recording->n; i++)
		if (!play_frame(
		        p, &recording->frames[i], i ? &recording->frames[i - 1] : NULL, error))
			return false;
	uint64_t last_ms = recording->frames[recording->n - 1].ms;
	if (p->options.settle_ms &&
	    (!replay_run(p->replay, ((int64_t)last_ms + p->options.settle_ms) * 1000, error) ||
	        !dump(p, "settled.ppm", error)))
		return false;
	if (!tell_bytes(p, last_ms, error))
		return false;
	if (p->bytes && fclose(g_steal_pointer(&p->bytes)) != 0)
		return cannot_write(p->options.bytes, error);
	struct replay_counters server = replay_counters(p->replay);
	struct terminal_counters terminal = terminal_counters(replay_terminal(p->replay));
	double frames = (double)recording->n;
	const struct frame_age *age = replay_age(p->replay);
	printf("replay frames=%zu bytes=%" PRIu64 " glyphs=%" PRIu64 " copies=%" PRIu64
	       " cpu_ms_per_frame=%.3f decode_ms_per_frame=%.3f exact_pixels=%.6f psnr=%.2f"
	       " age_p50_ms=%.0f age_p95_ms=%.0f shown=%u shown_psnr=%.2f\n",
	    recording->n, server.bytes, terminal.glyphs, terminal.copies,
	    (double)server.cpu_ns / 1e6 / frames, (double)terminal.decode_ns / 1e6 / frames,
	    score_exact(&p->score), score_psnr(&p->score), frame_age_percentile_ms(age, 50),
	    frame_age_percentile_ms(age, 95), p->pictures, shown_psnr(p));
	return !(p->options.text || p->options.truth) ||
	       tell_text(p, &recording->frames[recording->n - 1], error);
}

int main(int argc, char **argv)
{
	struct program p = {0};
	g_autoptr(GError) error = NULL;
	bool good = parse(argc, argv, &p.options, &error) && play(&p, &error);
	if (!good)
		g_printerr("mtp-replay: %s\n", error->message);
	if (p.bytes)
		fclose(p.bytes);
	replay_free(p.replay);
	recording_free(p.recording);
	g_free(p.options.folder);
	g_free(p.options.bytes);
	g_free(p.options.dump);
	g_free(p.options.truth);
	return good ? EXIT_SUCCESS : qvmi_error_exit_code(error);
}
