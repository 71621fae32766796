/* SPDX-License-Identifier: MIT */
/*
 * libFuzzer target: a hostile host. The input's first byte chooses how the bytes are split; the
 * rest is what the host sends. `make fuzz-client-core`, FUZZ_RUNS executions.
 *
 * The screen is kept small, so that a run is short; every bound is relative to it.
 */
#include <stdlib.h>

#include "mtp-client/core/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mtp_session *session)
{
	const struct picture *picture = mtp_session_picture(session);
	const struct rectangle *damage = &picture->damage;

	if ((size_t)picture->width * picture->height > picture->capacity ||
	    damage->x + damage->width > picture->width ||
	    damage->y + damage->height > picture->height)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mtp_codecs codecs;
	static struct mtp_session *session;
	const struct mtp_session_hello hello = {.grant = "grant", .model = "fuzz"};

	if (!session) {
		const struct mtp_session_options options = {
		    .max_pixels = 512 * 512, .codecs = &codecs};

		if (!mtp_codecs_init(&codecs) || !(session = mtp_session_new(&options)))
			abort();
	}
	if (size == 0 || !mtp_session_start(session, &hello))
		return 0;

	size_t split = data[0] ? data[0] : size;

	for (size_t at = 1; at < size; at += split) {
		size_t n = size - at < split ? size - at : split;
		size_t queued;

		if (!mtp_session_feed(session, data + at, n))
			break;
		check(session);
		mtp_session_key(session, data[at], data[at] & 1);
		mtp_session_output(session, &queued);
		mtp_session_output_sent(session, data[at] & 3 ? queued : queued / 2);
	}
	check(session);
	return 0;
}
