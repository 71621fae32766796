/* SPDX-License-Identifier: MIT */
#include "mtp/frame.h"

#include <glib.h>

enum { MAX = 300 };

/* Three frames, of 0, 3 and MAX bytes. */
static size_t make_stream(uint8_t *stream, size_t capacity)
{
	struct mtp_writer w = mtp_writer_of(stream, capacity);
	mtp_frame_end(&w, mtp_frame_begin(&w, 6));
	size_t begin = mtp_frame_begin(&w, 300);
	mtp_write_bytes(&w, "abc", 3);
	mtp_frame_end(&w, begin);
	begin = mtp_frame_begin(&w, 7);
	for (unsigned i = 0; i < MAX; i++)
		mtp_write_u8(&w, (uint8_t)i);
	mtp_frame_end(&w, begin);
	g_assert_false(w.failed);
	return w.size;
}

static void check_frame(unsigned index, const struct mtp_frame *frame)
{
	static const struct {
		uint16_t type;
		size_t size;
	} expected[] = {{6, 0}, {300, 3}, {7, MAX}};
	g_assert_cmpuint(index, <, G_N_ELEMENTS(expected));
	g_assert_cmpuint(frame->type, ==, expected[index].type);
	g_assert_cmpuint(frame->size, ==, expected[index].size);
	if (index == 1)
		g_assert_cmpmem(frame->payload, frame->size, "abc", 3);
	for (unsigned i = 0; index == 2 && i < MAX; i++)
		g_assert_cmpuint(frame->payload[i], ==, (uint8_t)i);
}

/* However the stream is cut, the same frames come out. */
static void test_cuts(void)
{
	uint8_t stream[512], buffer[MTP_FRAME_HEADER + MAX];
	size_t size = make_stream(stream, sizeof stream);
	for (size_t step = 1; step <= size; step++) {
		struct mtp_deframer d;
		mtp_deframer_init(&d, buffer, MAX);
		unsigned index = 0;
		for (size_t at = 0; at < size; at += step) {
			size_t n = MIN(step, size - at);
			/* Exactly allocated, so that the sanitizer sees a read beyond. */
			g_autofree uint8_t *piece = g_memdup2(stream + at, n);
			const uint8_t *bytes = piece;
			struct mtp_frame frame;
			enum mtp_result result;
			while ((result = mtp_deframer_next(&d, &bytes, &n, &frame)) == MTP_OK)
				check_frame(index++, &frame);
			g_assert_cmpint(result, ==, MTP_AGAIN);
			g_assert_cmpuint(n, ==, 0);
		}
		g_assert_cmpuint(index, ==, 3);
	}
}

static void test_too_long(void)
{
	static const uint8_t header[] = {0, 0, 1, 45, 0, 1}; /* 301 */
	for (size_t step = 1; step <= sizeof header; step++) {
		uint8_t buffer[MTP_FRAME_HEADER + MAX];
		struct mtp_deframer d;
		mtp_deframer_init(&d, buffer, MAX);
		enum mtp_result result = MTP_AGAIN;
		struct mtp_frame frame;
		for (size_t at = 0; at < sizeof header && result == MTP_AGAIN; at += step) {
			const uint8_t *bytes = header + at;
			size_t n = MIN(step, sizeof header - at);
			result = mtp_deframer_next(&d, &bytes, &n, &frame);
		}
		g_assert_cmpint(result, ==, MTP_MALFORMED);
		/* And for ever. */
		const uint8_t *good = (const uint8_t *)"\0\0\0\0\0\x06";
		size_t n = 6;
		g_assert_cmpint(mtp_deframer_next(&d, &good, &n, &frame), ==, MTP_MALFORMED);
	}
}

static void test_writer(void)
{
	uint8_t bytes[8];
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	size_t begin = mtp_frame_begin(&w, 1);
	mtp_write_u16(&w, 0xabcd);
	mtp_frame_end(&w, begin);
	g_assert_false(w.failed);
	g_assert_cmpmem(bytes, w.size, "\0\0\0\x02\0\x01\xab\xcd", 8);
	mtp_write_u8(&w, 1);
	g_assert_true(w.failed);
	g_assert_cmpuint(w.size, ==, 8);
	mtp_frame_end(&w, begin);
	g_assert_cmpmem(bytes, 4, "\0\0\0\x02", 4);

	/* Once failed, what would fit is not written either: no message with a hole. */
	w = mtp_writer_of(bytes, 3);
	mtp_write_u32(&w, 1);
	mtp_write_u8(&w, 1);
	g_assert_true(w.failed);
	g_assert_cmpuint(w.size, ==, 0);
}

static void test_reader(void)
{
	struct mtp_reader r = mtp_reader_of("\x01\x02\x03\x04\x05\x06\x07", 7);
	g_assert_cmpuint(mtp_read_u8(&r), ==, 1);
	g_assert_cmpuint(mtp_read_u16(&r), ==, 0x0203);
	g_assert_cmpuint(mtp_read_u32(&r), ==, 0x04050607);
	g_assert_false(r.failed);
	g_assert_cmpuint(mtp_read_u8(&r), ==, 0);
	g_assert_true(r.failed);

	r = mtp_reader_of("\x01\x02", 2);
	g_assert_cmpuint(mtp_read_u32(&r), ==, 0);
	g_assert_cmpuint(mtp_read_u8(&r), ==, 0); /* it would fit, but the place is lost */
	g_assert_true(r.failed);
	g_assert_null(mtp_read_bytes(&r, SIZE_MAX));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mtp/frame/cuts", test_cuts);
	g_test_add_func("/mtp/frame/too-long", test_too_long);
	g_test_add_func("/mtp/frame/writer", test_writer);
	g_test_add_func("/mtp/frame/reader", test_reader);
	return g_test_run();
}
