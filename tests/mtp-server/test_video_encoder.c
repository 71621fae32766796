/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/video_encoder.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mtp-server/confine.h"
#include "mtp/h264.h"

enum { WIDTH = 720, HEIGHT = 1440, FRAMES = 3 };

/* Encodes some frames; the number of the first that is not as PROTOCOL.md has it, FRAMES: none. */
static int encode(void)
{
	g_autofree uint8_t *memory = g_malloc(mtp_i420_size(WIDTH, HEIGHT));
	struct mtp_i420 frame = mtp_i420_of(memory, WIDTH, HEIGHT);
	struct video_encoder *encoder = video_encoder_new(WIDTH, HEIGHT);
	int i = 0;
	for (; encoder && i < FRAMES; i++) {
		for (size_t at = 0; at < mtp_i420_size(WIDTH, HEIGHT); at++)
			memory[at] = (uint8_t)(at * 7 + (size_t)i * 5 + at / WIDTH * (at % 13));
		size_t size;
		const uint8_t *unit = video_encode(encoder, &frame, VIDEO_QP_AUTO, &size);
		if (!unit || !mtp_h264_is_valid(unit, size, i == 0, WIDTH, HEIGHT))
			break;
	}
	video_encoder_free(encoder);
	return i;
}

static void test_units(void)
{
	if (!video_encoder_is_there())
		g_test_skip("built without libx264");
	else
		g_assert_cmpint(encode(), ==, FRAMES);
}

/* In the sandbox of a worker: no file, no thread, no program, bounded memory. */
static void test_confined(void)
{
	if (!video_encoder_is_there()) {
		g_test_skip("built without libx264");
		return;
	}
	pid_t child = fork();
	g_assert_cmpint(child, >=, 0);
	if (!child)
		_exit(confine_limits(NULL) && confine_system_calls(NULL) ? encode() : 100);
	int status;
	g_assert_cmpint(waitpid(child, &status, 0), ==, child);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, FRAMES);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mtp-server/video-encoder/units", test_units);
	g_test_add_func("/mtp-server/video-encoder/confined", test_confined);
	return g_test_run();
}
