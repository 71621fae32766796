/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench-screen: recorded sessions by MTP and by its peers, in the same run:
 *
 *   screen session= codec= bytes= ratio_tight= ratio_x264= ratio_av1= exact_text= psnr= cpu_ms=
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/peers/libvnc_leaks.h"
#include "bench/peers/peer.h"
#include "bench/screen/recording.h"
#include "bench/screen/score.h"
#include "bench/screen/text_mask.h"
#include "common/error.h"

static const char usage[] =
    "usage: bench-screen FOLDER...\n"
    "Each folder is a session that mtp-record made. A line a session and codec:\n"
    "  bytes        sent, all frames\n"
    "  ratio_X      bytes, as a share of what X took for the same frames\n"
    "  exact_text   share of the pixels of text that are shown as drawn, over all frames\n"
    "  psnr         dB over all frames; inf when all are exact\n"
    "  cpu_ms       processor time of the encoder, a frame\n";

static const struct peer_class *const peers[] = {
    &peer_mtp, &peer_tight, &peer_tight_q8, &peer_zrle, &peer_x264, &peer_av1};
enum { TIGHT = 1, X264 = 4, AV1 = 5 }; /* places in it */

struct result {
	struct peer_cost cost;
	struct score score;
	struct text_score text;
};

static bool play(const struct peer_class *class, void *peer, const struct recording *recording,
    struct result *result, GError **error)
{
	unsigned width = 0, height = 0;
	for (size_t i = 0; i < recording->n; i++) {
		struct ppm ppm;
		if (!ppm_read(recording->frames[i].path, &ppm, error))
			return false;
		bool good = class->frame(peer, recording->frames[i].ms, &ppm, error);
		if (i && (ppm.width != width || ppm.height != height)) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "%s has another size than the frame before; peers have one size",
			    recording->frames[i].path);
			good = false;
		}
		width = ppm.width;
		height = ppm.height;
		if (good) {
			const uint8_t *shown = class->shown(peer);
			score_add(&result->score, &ppm, shown, width, height);
			text_score_add(&result->text, &ppm, shown);
		}
		ppm_finish(&ppm);
		if (!good)
			return false;
	}
	result->cost = class->cost(peer);
	return true;
}

static bool measure(const struct peer_class *class, const struct recording *recording,
    struct result *result, GError **error)
{
	struct ppm first;
	if (!ppm_read(recording->frames[0].path, &first, error))
		return false;
	void *peer = class->open(first.width, first.height, error);
	ppm_finish(&first);
	if (!peer)
		return false;
	bool good = play(class, peer, recording, result, error);
	class->close(peer);
	return good;
}

static double share(uint64_t part, uint64_t whole)
{
	return (double)part / (double)MAX(whole, 1);
}

static void print(const char *session, const char *codec, const struct result *r,
    const struct result *all, size_t n)
{
	printf("screen session=%s codec=%s bytes=%" G_GUINT64_FORMAT
	       " ratio_tight=%.4f ratio_x264=%.4f ratio_av1=%.4f exact_text=%.6f psnr=%.2f "
	       "cpu_ms=%.3f\n",
	    session, codec, r->cost.bytes, share(r->cost.bytes, all[TIGHT].cost.bytes),
	    share(r->cost.bytes, all[X264].cost.bytes), share(r->cost.bytes, all[AV1].cost.bytes),
	    text_score_exact(&r->text), score_psnr(&r->score),
	    (double)r->cost.cpu_ns / 1e6 / (double)n);
}

static bool bench(const char *folder, GError **error)
{
	AUTO(recording) recording = recording_open(folder, error);
	if (!recording)
		return false;
	struct result results[G_N_ELEMENTS(peers)] = {0};
	for (size_t i = 0; i < G_N_ELEMENTS(peers); i++)
		if (!measure(peers[i], recording, &results[i], error)) {
			g_prefix_error(error, "%s: ", peers[i]->name);
			return false;
		}
	g_autofree char *session = g_path_get_basename(folder);
	for (size_t i = 0; i < G_N_ELEMENTS(peers); i++)
		print(session, peers[i]->name, &results[i], results, recording->n);
	fflush(stdout);
	return true;
}

int main(int argc, char **argv)
{
	if (argc < 2 || argv[1][0] == '-') {
		bool asked = argc == 2 && g_str_equal(argv[1], "--help");
		fputs(usage, asked ? stdout : stderr);
		return asked ? EXIT_SUCCESS : 2;
	}
	for (int i = 1; i < argc; i++) {
		g_autoptr(GError) error = NULL;
		if (!bench(argv[i], &error)) {
			g_printerr("bench-screen: %s: %s\n", argv[i], error->message);
			return qvmi_error_exit_code(error);
		}
	}
	return EXIT_SUCCESS;
}
