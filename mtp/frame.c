/* SPDX-License-Identifier: MIT */
#include "mtp/frame.h"

void mtp_deframer_init(struct mtp_deframer *deframer, uint8_t *buffer, uint32_t max_payload)
{
	*deframer = (struct mtp_deframer){.buffer = buffer, .max_payload = max_payload};
}

static void read_header(const uint8_t *bytes, struct mtp_frame *frame)
{
	struct mtp_reader r = mtp_reader_of(bytes, MTP_FRAME_HEADER);
	frame->size = mtp_read_u32(&r);
	frame->type = mtp_read_u16(&r);
	frame->payload = bytes + MTP_FRAME_HEADER;
}

/* Completes the buffered part up to `want` bytes; true when it has got so far. */
static bool fill(struct mtp_deframer *d, size_t want, const uint8_t **bytes, size_t *n)
{
	size_t take = want - d->size < *n ? want - d->size : *n;
	if (take)
		memcpy(d->buffer + d->size, *bytes, take);
	d->size += take;
	*bytes += take;
	*n -= take;
	return d->size == want;
}

enum mtp_result mtp_deframer_next(
    struct mtp_deframer *d, const uint8_t **bytes, size_t *n, struct mtp_frame *frame)
{
	if (d->failed)
		return MTP_MALFORMED;
	if (d->size == 0 && *n >= MTP_FRAME_HEADER) {
		/* Whole in the input: no copy. */
		read_header(*bytes, frame);
		if (frame->size > d->max_payload) {
			d->failed = true;
			return MTP_MALFORMED;
		}
		if (frame->size <= *n - MTP_FRAME_HEADER) {
			*bytes += MTP_FRAME_HEADER + frame->size;
			*n -= MTP_FRAME_HEADER + frame->size;
			return MTP_OK;
		}
	}
	if (d->size < MTP_FRAME_HEADER && !fill(d, MTP_FRAME_HEADER, bytes, n))
		return MTP_AGAIN;
	read_header(d->buffer, frame);
	if (frame->size > d->max_payload) {
		d->failed = true;
		return MTP_MALFORMED;
	}
	if (!fill(d, MTP_FRAME_HEADER + frame->size, bytes, n))
		return MTP_AGAIN;
	d->size = 0;
	return MTP_OK;
}

size_t mtp_frame_begin(struct mtp_writer *w, uint16_t type)
{
	size_t begin = w->size;
	mtp_write_u32(w, 0);
	mtp_write_u16(w, type);
	return begin;
}

void mtp_frame_end(struct mtp_writer *w, size_t begin)
{
	size_t payload = w->failed ? 0 : w->size - begin - MTP_FRAME_HEADER;
	if (payload > UINT32_MAX)
		w->failed = true;
	if (!w->failed)
		mtp_store_unsigned(w->bytes + begin, payload, 4);
}
