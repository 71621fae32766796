/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tesseract's part, and what is made of its words. What it reads is tested with pictures by
 * test_mtp_text.sh. */
#include "common/error.h"
#include "mtp-server/reader/reading.h"

static void test_no_model(void)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(recogniser_new("xxx", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_assert_nonnull(strstr(error->message, "tesseract-ocr-xxx"));
}

/* Nothing is written on paper, nor on noise. */
static void test_nothing(void)
{
	g_autoptr(GError) error = NULL;
	struct recogniser *recogniser = recogniser_new("eng", &error);
	g_assert_no_error(error);
	for (unsigned side = 1; side <= 256; side *= 4) {
		g_autofree uint32_t *pixels = g_new0(uint32_t, side * side);
		g_autoptr(GPtrArray) words = reading_of(recogniser, pixels, side, side);
		g_assert_cmpuint(words->len, ==, 0);
		for (unsigned i = 0; i < side * side; i++)
			pixels[i] = g_test_rand_int();
		g_autoptr(GPtrArray) noise = reading_of(recogniser, pixels, side, side);
		for (guint i = 0; i < noise->len; i++) {
			const struct word *word = noise->pdata[i];
			g_assert_cmpuint(word_right(word->box), <=, side);
			g_assert_cmpuint(word_bottom(word->box), <=, side);
		}
	}
	recogniser_free(recogniser);
}

static void test_text(void)
{
	g_autoptr(GPtrArray) words = words_new();
	const char *texts[] = {"two", "words", "below"};
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct word *word = g_new0(struct word, 1);
		word->text = g_strdup(texts[i]);
		word->ends_line = i > 0;
		g_ptr_array_add(words, word);
	}
	g_autofree char *text = reading_text(words);
	g_assert_cmpstr(text, ==, "two words\nbelow\n");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/reading/no-model", test_no_model);
	g_test_add_func("/reading/nothing", test_nothing);
	g_test_add_func("/reading/text", test_text);
	return g_test_run();
}
