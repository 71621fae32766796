/* SPDX-License-Identifier: MIT */
#include "mtp/h264.h"

enum nal_type { /* Table 7-1 */
	NAL_SLICE = 1,
	NAL_IDR = 5,
	NAL_SPS = 7,
	NAL_PPS = 8,
};

#define PROFILE_BASELINE 66
#define PROFILE_MAIN 77
#define PROFILE_HIGH 100
#define REFERENCES_MAX 4 /* frames that a decoder keeps */

/* Bits of a parameter set, without emulation prevention bytes (7.3.1). */
struct bits {
	const uint8_t *bytes;
	size_t size, at; /* bytes, bits */
	bool failed;
};

static unsigned take_bit(struct bits *b)
{
	if (b->at >= b->size * 8) {
		b->failed = true;
		return 0;
	}
	unsigned bit = b->bytes[b->at / 8] >> (7 - b->at % 8) & 1;

	b->at++;
	return bit;
}

static uint32_t take_bits(struct bits *b, unsigned n)
{
	uint32_t value = 0;

	while (n--)
		value = value << 1 | take_bit(b);
	return value;
}

/* ue(v), 9.1; nothing that is asked for here needs more than 16 bits. */
static uint32_t take_ue(struct bits *b)
{
	unsigned zeros = 0;

	while (!b->failed && !take_bit(b))
		if (++zeros > 16)
			b->failed = true;
	return b->failed ? 0 : (1u << zeros) - 1 + take_bits(b, zeros);
}

/* 4:2:0, 8 bits, no scaling lists: what every decoder takes. */
static bool is_plain(struct bits *b, unsigned profile)
{
	if (profile == PROFILE_BASELINE || profile == PROFILE_MAIN)
		return true;
	if (profile != PROFILE_HIGH)
		return false;
	uint32_t chroma_format = take_ue(b), luma_depth = take_ue(b), chroma_depth = take_ue(b);

	return chroma_format == 1 && luma_depth == 0 && chroma_depth == 0 && take_bits(b, 2) == 0;
}

static bool has_size(struct bits *b, unsigned width, unsigned height)
{
	unsigned profile = take_bits(b, 8);

	take_bits(b, 16); /* constraints, level */
	take_ue(b);       /* seq_parameter_set_id */
	if (!is_plain(b, profile))
		return false;
	take_ue(b); /* log2_max_frame_num_minus4 */
	uint32_t order = take_ue(b);

	if (order == 0)
		take_ue(b); /* log2_max_pic_order_cnt_lsb_minus4 */
	else if (order != 2)
		return false;
	if (take_ue(b) > REFERENCES_MAX)
		return false;
	take_bit(b); /* gaps_in_frame_num_value_allowed_flag */
	uint32_t columns = take_ue(b) + 1, rows = take_ue(b) + 1;

	if (!take_bit(b)) /* frame_mbs_only_flag: nothing is interlaced */
		return false;
	take_bit(b); /* direct_8x8_inference_flag */
	uint32_t crop[4] = {0};

	if (take_bit(b))
		for (unsigned i = 0; i < 4; i++)
			crop[i] = take_ue(b);
	/* Cropped at the right and at the bottom only, in chroma samples. */
	return !b->failed && crop[0] == 0 && crop[2] == 0 && crop[1] < 8 && crop[3] < 8 &&
	       columns * 16 - crop[1] * 2 == width && rows * 16 - crop[3] * 2 == height;
}

static bool is_valid_sps(const uint8_t *nal, size_t size, unsigned width, unsigned height)
{
	uint8_t bytes[64];
	size_t n = 0;

	for (size_t i = 1, zeros = 0; i < size && n < sizeof(bytes); i++) {
		bool escape = zeros >= 2 && nal[i] == 3;

		if (!escape)
			bytes[n++] = nal[i];
		zeros = nal[i] || escape ? 0 : zeros + 1;
	}
	struct bits b = {.bytes = bytes, .size = n};

	return has_size(&b, width, height);
}

/* The offset behind the next start code; `size` when there is none. */
static size_t next_nal(const uint8_t *unit, size_t size, size_t from)
{
	for (size_t i = from; i + 3 <= size; i++)
		if (unit[i] == 0 && unit[i + 1] == 0 && unit[i + 2] == 1)
			return i + 3;
	return size;
}

bool mtp_h264_is_valid(const uint8_t *unit, size_t size, bool key, unsigned width, unsigned height)
{
	bool sps = false, pps = false, slice = false;
	size_t at = next_nal(unit, size, 0);

	/* Nothing but zeros before the first one. */
	if (at >= size || at > 4)
		return false;
	while (at < size) {
		size_t next = next_nal(unit, size, at);

		switch (unit[at] & 31) {
		case NAL_SPS:
			if (!key || !is_valid_sps(unit + at, next - at, width, height))
				return false;
			sps = true;
			break;
		case NAL_PPS:
			pps = true;
			if (!key)
				return false;
			break;
		case NAL_IDR:
		case NAL_SLICE:
			if (((unit[at] & 31) == NAL_IDR) != key)
				return false;
			slice = true;
			break;
		default:
			return false;
		}
		at = next;
	}
	return slice && sps == key && pps == key;
}
