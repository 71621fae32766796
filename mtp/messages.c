/* SPDX-License-Identifier: MIT */
#include "mtp/messages.h"

/* Well-formed by the Unicode Standard, table 3-7 (no overlong forms, no surrogates), without NUL:
 * what is shown to people and put into logs and C strings. */
bool mtp_text_is_valid(const uint8_t *s, size_t n)
{
	size_t i = 0;
	while (i < n) {
		uint8_t lead = s[i++];
		if (lead == 0 || (lead > 0x7f && lead < 0xc2) || lead > 0xf4)
			return false;
		if (lead < 0x80)
			continue;
		size_t follow = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
		if (n - i < follow)
			return false;
		uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
		uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
		if (s[i] < low || s[i] > high)
			return false;
		for (size_t k = 1; k < follow; k++)
			if ((s[i + k] & 0xc0) != 0x80)
				return false;
		i += follow;
	}
	return true;
}

static uint64_t get_unsigned(struct mtp_reader *r, unsigned width, uint64_t max)
{
	uint64_t value = mtp_read_unsigned(r, width);
	if (value > max)
		r->failed = true;
	return value;
}

static void put_unsigned(struct mtp_writer *w, uint64_t value, unsigned width, uint64_t max)
{
	if (value > max)
		w->failed = true;
	mtp_write_unsigned(w, value, width);
}

static struct mtp_text get_text(struct mtp_reader *r, size_t max)
{
	size_t size = mtp_read_u16(r);
	const uint8_t *bytes = size <= max ? mtp_read_bytes(r, size) : NULL;
	if (!bytes || !mtp_text_is_valid(bytes, size)) {
		r->failed = true;
		return (struct mtp_text){.bytes = ""};
	}
	return (struct mtp_text){.bytes = (const char *)bytes, .size = size};
}

static void put_text(struct mtp_writer *w, struct mtp_text text, size_t max)
{
	if (text.size > max || !mtp_text_is_valid((const uint8_t *)text.bytes, text.size))
		w->failed = true;
	mtp_write_u16(w, (uint16_t)text.size);
	mtp_write_bytes(w, text.bytes, text.size);
}

static struct mtp_rest get_rest(struct mtp_reader *r)
{
	size_t size = r->size;
	return (struct mtp_rest){.bytes = mtp_read_bytes(r, size), .size = size};
}

#define GET_u8(name, max) message->name = (uint8_t)get_unsigned(&r, 1, max);
#define GET_e8(name, max) message->name = r.size ? (uint8_t)get_unsigned(&r, 1, max) : 0;
#define GET_e32(name, max) message->name = r.size ? (uint32_t)get_unsigned(&r, 4, max) : 0;
#define GET_e64(name, max) message->name = r.size ? get_unsigned(&r, 8, max) : 0;
#define GET_u16(name, max) message->name = (uint16_t)get_unsigned(&r, 2, max);
#define GET_u32(name, max) message->name = (uint32_t)get_unsigned(&r, 4, max);
#define GET_u64(name, max) message->name = get_unsigned(&r, 8, max);
#define GET_i8(name, max) message->name = (int8_t)mtp_read_u8(&r);
#define GET_text(name, max) message->name = get_text(&r, max);
#define GET_rest(name, max) message->name = get_rest(&r);
#define GET_none(name, max) message->name = 0;
#define GET(kind, name, max) GET_##kind(name, max)

#define PUT_u8(name, max) put_unsigned(w, message->name, 1, max);
#define PUT_e8(name, max) put_unsigned(w, message->name, 1, max);
#define PUT_e32(name, max) put_unsigned(w, message->name, 4, max);
#define PUT_e64(name, max) put_unsigned(w, message->name, 8, max);
#define PUT_u16(name, max) put_unsigned(w, message->name, 2, max);
#define PUT_u32(name, max) put_unsigned(w, message->name, 4, max);
#define PUT_u64(name, max) put_unsigned(w, message->name, 8, max);
#define PUT_i8(name, max) mtp_write_u8(w, (uint8_t)message->name);
#define PUT_text(name, max) put_text(w, message->name, max);
#define PUT_rest(name, max) mtp_write_bytes(w, message->name.bytes, message->name.size);
#define PUT_none(name, max) (void)message, (void)w;
#define PUT(kind, name, max) PUT_##kind(name, max)

#define DEFINE(number, NAME, name, sender, fields)                                                 \
	bool mtp_##name##_decode(struct mtp_##name *message, const uint8_t *payload, size_t n)     \
	{                                                                                          \
		struct mtp_reader r = mtp_reader_of(payload, n);                                   \
		fields(GET);                                                                       \
		return !r.failed;                                                                  \
	}                                                                                          \
	void mtp_##name##_encode(const struct mtp_##name *message, struct mtp_writer *w)           \
	{                                                                                          \
		fields(PUT);                                                                       \
	}
MTP_MESSAGES(DEFINE)

enum mtp_result mtp_message_decode(
    struct mtp_message *message, enum mtp_sender sender, const struct mtp_frame *frame)
{
	bool valid;
	switch (frame->type) {
#define CASE(number, NAME, name, by, fields)                                                       \
	case number:                                                                               \
		message->type = number;                                                            \
		valid = ((by)&sender) &&                                                           \
		        mtp_##name##_decode(&message->name, frame->payload, frame->size);          \
		break;
		MTP_MESSAGES(CASE)
#undef CASE
	default:
		return MTP_UNKNOWN;
	}
	return valid ? MTP_OK : MTP_MALFORMED;
}

void mtp_message_encode(const struct mtp_message *message, struct mtp_writer *w)
{
	size_t begin = mtp_frame_begin(w, (uint16_t)message->type);
	switch (message->type) {
#define CASE(number, NAME, name, by, fields)                                                       \
	case number:                                                                               \
		mtp_##name##_encode(&message->name, w);                                            \
		break;
		MTP_MESSAGES(CASE)
#undef CASE
	}
	mtp_frame_end(w, begin);
}

const char *mtp_type_name(uint16_t type)
{
	switch (type) {
#define CASE(number, NAME, name, by, fields)                                                       \
	case number:                                                                               \
		return #NAME;
		MTP_MESSAGES(CASE)
#undef CASE
	default:
		return "?";
	}
}

const char *mtp_bye_code_word(uint16_t code)
{
	switch (code) {
#define CASE(number, NAME, word)                                                                   \
	case number:                                                                               \
		return word;
		MTP_BYE_CODES(CASE)
#undef CASE
	default:
		return "?";
	}
}

bool mtp_screen_is_valid(uint32_t width, uint32_t height)
{
	return width >= 1 && height >= 1 && width <= MTP_MAX_SIDE && height <= MTP_MAX_SIDE &&
	       (uint64_t)width * height <= MTP_MAX_SCREEN;
}
