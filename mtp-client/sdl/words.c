/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/words.h"

char *words_text(const struct mtp_words *words, const char **problem)
{
	if (words->status != MTP_WORDS_READ) {
		*problem = words->status == MTP_WORDS_BUSY
		               ? "the host is busy reading; try again in a moment"
		               : "the host cannot read what is on the screen";
		return NULL;
	}
	GString *text = g_string_new(NULL);
	struct mtp_reader r = mtp_reader_of(words->list.bytes, words->list.size);
	struct mtp_word word;
	while (mtp_word_read(&r, &word) == MTP_OK) {
		g_string_append_len(text, word.text.bytes, (gssize)word.text.size);
		g_string_append_c(text, word.flags & MTP_WORD_ENDS_LINE ? '\n' : ' ');
	}
	return g_string_free(text, FALSE);
}
