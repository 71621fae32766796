/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mtp-reader: reads what is written on a phone's screen, for that phone's worker (text_layer.h says
 * in which words). Started by mtpd; gives everything up before it sees a pixel.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "common/log.h"
#include "mtp-server/confine.h"
#include "mtp-server/link.h"
#include "mtp-server/reader/reading.h"
#include "mtp-server/text_layer.h"
#include "mtp/words.h"

#define IDLE_MS 60000
#define NICE 5 /* the phones' pictures come first */

/* False at the end of the stream, and when nobody has asked for a while. */
static bool receive(void *bytes, size_t n)
{
	for (uint8_t *at = bytes; n > 0;) {
		struct pollfd watch = {.fd = LINK_FD, .events = POLLIN};
		if (poll(&watch, 1, IDLE_MS) <= 0)
			return false;
		ssize_t got = recv(LINK_FD, at, n, 0);
		if (got <= 0)
			return false;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

static bool transmit(const void *bytes, size_t n)
{
	for (const uint8_t *at = bytes; n > 0;) {
		ssize_t sent = send(LINK_FD, at, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		at += sent;
		n -= (size_t)sent;
	}
	return true;
}

/* As many as there is room for. */
static size_t encode(const GPtrArray *words, uint8_t *out, size_t capacity)
{
	struct mtp_writer w = mtp_writer_of(out, capacity);
	for (guint i = 0; i < words->len; i++) {
		const struct word *word = words->pdata[i];
		size_t before = w.size;
		mtp_word_write(&(struct mtp_word){.flags = word->ends_line ? MTP_WORD_ENDS_LINE : 0,
		                   .x = (uint16_t)word->box.x,
		                   .y = (uint16_t)word->box.y,
		                   .width = (uint16_t)word->box.width,
		                   .height = (uint16_t)word->box.height,
		                   .text = mtp_text_of(word->text)},
		    &w);
		if (w.failed) {
			w.size = before;
			w.failed = false;
		}
	}
	return w.size;
}

static bool serve(struct recogniser *recogniser, const struct text_layer_request *request)
{
	if (!mtp_screen_is_valid(request->width, request->height))
		return false;
	size_t n = (size_t)request->width * request->height;
	g_autofree uint32_t *pixels = g_try_new(uint32_t, n);
	if (!pixels || !receive(pixels, n * sizeof *pixels))
		return false;
	g_autoptr(GPtrArray) words =
	    reading_of(recogniser, pixels, request->width, request->height);
	static uint8_t answer[MTP_MAX_WORDS];
	uint32_t size = (uint32_t)encode(words, answer, sizeof answer);
	return transmit(&size, sizeof size) && transmit(answer, size);
}

int main(int argc, char **argv)
{
	(void)argv;
	log_init("mtp-reader");
	int type;
	socklen_t size = sizeof type;
	if (argc != 1 || getsockopt(LINK_FD, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
	    type != SOCK_STREAM) {
		g_printerr("mtp-reader: started by mtpd for a phone's worker; not by hand\n");
		return 2;
	}
	signal(SIGINT, SIG_IGN); /* a terminal's Ctrl-C is mtpd's affair */
	setpriority(PRIO_PROCESS, 0, NICE);
	g_autoptr(GError) error = NULL;
	struct text_layer_request request;
	struct text_layer_start start;
	struct recogniser *recogniser =
	    receive(&start, sizeof start) ? recogniser_new("eng", &error) : NULL;
	if (recogniser && confine_limits(&error) && confine_identity((uid_t)start.uid, &error) &&
	    confine_system_calls(&error))
		while (receive(&request, sizeof request) && serve(recogniser, &request))
			;
	if (error)
		g_warning("%s", error->message);
	recogniser_free(recogniser);
	return error ? qvmi_error_exit_code(error) : EXIT_SUCCESS;
}
