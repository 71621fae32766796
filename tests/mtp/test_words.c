/* SPDX-License-Identifier: MIT */
/* Words on the wire, and what is none. */
#include <glib.h>

#include "mtp/words.h"

static void test_there_and_back(void)
{
	uint8_t bytes[256];
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	const struct mtp_word one = {0, 1, 2, 30, 40, mtp_text_of("Gr\303\274n")};
	const struct mtp_word two = {MTP_WORD_ENDS_LINE, 65535, 0, 1, 1, mtp_text_of("x")};
	mtp_word_write(&one, &w);
	mtp_word_write(&two, &w);
	g_assert_false(w.failed);
	g_assert_cmpuint(w.size, ==, (11 + 5) + (11 + 1));
	struct mtp_reader r = mtp_reader_of(bytes, w.size);
	struct mtp_word word;
	g_assert_cmpint(mtp_word_read(&r, &word), ==, MTP_OK);
	g_assert_cmpuint(word.width, ==, 30);
	g_assert_cmpmem(word.text.bytes, word.text.size, "Gr\303\274n", 5);
	g_assert_cmpint(mtp_word_read(&r, &word), ==, MTP_OK);
	g_assert_cmpuint(word.flags, ==, MTP_WORD_ENDS_LINE);
	g_assert_cmpuint(word.x, ==, 65535);
	g_assert_cmpint(mtp_word_read(&r, &word), ==, MTP_AGAIN);
	/* Cut off anywhere it is refused, not shortened. */
	for (size_t n = 1; n < w.size; n++) {
		r = mtp_reader_of(bytes, n);
		enum mtp_result result;
		while ((result = mtp_word_read(&r, &word)) == MTP_OK)
			;
		g_assert_cmpint(result, ==, n == 16 ? MTP_AGAIN : MTP_MALFORMED);
	}
}

static void test_bounds(void)
{
	g_autofree char *longest = g_strnfill(MTP_MAX_WORD + 1, 'm');
	const char *bad[] = {"", "\xff", "\xc0\x80", longest};
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		uint8_t bytes[4096];
		struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
		mtp_word_write(&(struct mtp_word){.text = mtp_text_of(bad[i])}, &w);
		g_assert_true(w.failed);
		/* The same by somebody who does not look. */
		size_t n = strlen(bad[i]);
		memset(bytes, 0, 11);
		mtp_store_unsigned(bytes + 9, n, 2);
		memcpy(bytes + 11, bad[i], n);
		struct mtp_reader r = mtp_reader_of(bytes, 11 + n);
		struct mtp_word word;
		g_assert_cmpint(mtp_word_read(&r, &word), ==, MTP_MALFORMED);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/words/there-and-back", test_there_and_back);
	g_test_add_func("/words/bounds", test_bounds);
	return g_test_run();
}
