/* SPDX-License-Identifier: MIT */
#include "mtp/words.h"

static bool text_is_good(const uint8_t *bytes, size_t n)
{
	return n > 0 && n <= MTP_MAX_WORD && mtp_text_is_valid(bytes, n);
}

void mtp_word_write(const struct mtp_word *word, struct mtp_writer *w)
{
	if (!text_is_good((const uint8_t *)word->text.bytes, word->text.size))
		w->failed = true;
	mtp_write_u8(w, word->flags);
	mtp_write_u16(w, word->x);
	mtp_write_u16(w, word->y);
	mtp_write_u16(w, word->width);
	mtp_write_u16(w, word->height);
	mtp_write_u16(w, (uint16_t)word->text.size);
	mtp_write_bytes(w, word->text.bytes, word->text.size);
}

enum mtp_result mtp_word_read(struct mtp_reader *r, struct mtp_word *word)
{
	if (!r->failed && r->size == 0)
		return MTP_AGAIN;
	*word = (struct mtp_word){.flags = mtp_read_u8(r),
	    .x = mtp_read_u16(r),
	    .y = mtp_read_u16(r),
	    .width = mtp_read_u16(r),
	    .height = mtp_read_u16(r)};
	size_t size = mtp_read_u16(r);
	const uint8_t *bytes = mtp_read_bytes(r, size);
	if (r->failed || !text_is_good(bytes, size))
		return MTP_MALFORMED;
	word->text = (struct mtp_text){.bytes = (const char *)bytes, .size = size};
	return MTP_OK;
}
