/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/reader/recogniser.h"

#include <dlfcn.h>
#include <tesseract/capi.h>

#include "common/error.h"
#include "mtp-server/reader/page.h"

/* Letters of a phone's text are 10 to 14 pixels high, and the model was taught on larger ones;
 * a screen with more pixels than this has larger letters by itself. */
#define ENLARGE 2
#define ENLARGE_MAX (2u << 20)
/* Pixels an inch, as the layout analysis takes it: what makes the letters 10 points high. */
#define DPI "192"

/* Pixels. Nothing can be written on less, and Leptonica forgets to free what it cannot divide. */
#define SIDE_MIN 16

struct recogniser {
	TessBaseAPI *tesseract;
};

/* Tesseract divides lines among threads of OpenMP that wait by spinning: a second of a phone's
 * screen takes three seconds of processors. The variable that forbids it is read before main(). */
static void forbid_threads(void)
{
	void (*set_levels)(int) = NULL;
	*(void **)&set_levels = dlsym(RTLD_DEFAULT, "omp_set_max_active_levels");
	if (set_levels)
		set_levels(0);
}

void recogniser_free(struct recogniser *recogniser)
{
	if (!recogniser)
		return;
	TessBaseAPIDelete(recogniser->tesseract);
	g_free(recogniser);
}

static unsigned enlargement(const struct ink *ink)
{
	return (size_t)ink->width * ink->height <= ENLARGE_MAX ? ENLARGE : 1;
}

static PIX *image_of(const struct ink *ink)
{
	PIX *page = page_of(ink);
	unsigned by = enlargement(ink);
	PIX *large = by == 1 ? pixClone(page) : pixScale(page, (float)by, (float)by);
	pixDestroy(&page);
	return large;
}

/* The element that the iterator is at; NULL: nothing that can be read. */
static struct word *word_at(
    TessResultIterator *iterator, TessPageIteratorLevel level, unsigned enlarged)
{
	int left, top, right, bottom;
	const TessPageIterator *page = TessResultIteratorGetPageIteratorConst(iterator);
	if (!TessPageIteratorBoundingBox(page, level, &left, &top, &right, &bottom) || left < 0 ||
	    top < 0 || right <= left || bottom <= top)
		return NULL;
	char *text = TessResultIteratorGetUTF8Text(iterator, level);
	struct word *word = NULL;
	if (text && *g_strstrip(text) && g_utf8_validate(text, -1, NULL)) {
		word = g_new0(struct word, 1);
		word->text = g_strdup(text);
		word->confidence =
		    (unsigned)CLAMP(TessResultIteratorConfidence(iterator, level), 0, 100);
		word->ends_line = TessPageIteratorIsAtFinalElement(page, RIL_TEXTLINE, level);
		unsigned x = (unsigned)left / enlarged, y = (unsigned)top / enlarged;
		word->box =
		    (struct rectangle){x, y, ((unsigned)right + enlarged - 1) / enlarged - x,
		        ((unsigned)bottom + enlarged - 1) / enlarged - y};
	}
	TessDeleteText(text);
	return word;
}

static GPtrArray *elements(
    struct recogniser *r, const struct ink *ink, TessPageSegMode mode, TessPageIteratorLevel level)
{
	GPtrArray *words = words_new();
	if (MIN(ink->width, ink->height) < SIDE_MIN)
		return words;
	PIX *image = image_of(ink);
	TessBaseAPISetPageSegMode(r->tesseract, mode);
	TessBaseAPISetImage2(r->tesseract, image);
	if (TessBaseAPIRecognize(r->tesseract, NULL) == 0) {
		TessResultIterator *iterator = TessBaseAPIGetIterator(r->tesseract);
		while (iterator) {
			struct word *word = word_at(iterator, level, enlargement(ink));
			if (word)
				g_ptr_array_add(words, word);
			if (!TessResultIteratorNext(iterator, level))
				break;
		}
		if (iterator)
			TessResultIteratorDelete(iterator);
	}
	TessBaseAPIClear(r->tesseract);
	pixDestroy(&image);
	return words;
}

GPtrArray *recogniser_read(struct recogniser *recogniser, const struct ink *ink)
{
	return elements(recogniser, ink, PSM_SPARSE_TEXT, RIL_WORD);
}

GPtrArray *recogniser_read_letters(struct recogniser *recogniser, const struct ink *ink)
{
	return elements(recogniser, ink, PSM_SINGLE_LINE, RIL_SYMBOL);
}

/* What Tesseract has to say goes to its debug_file, which it opens when it first says something; by
 * then it may be confined. That there is no such file it says at once. */
static void say_nothing(TessBaseAPI *tesseract)
{
	TessBaseAPISetVariable(tesseract, "debug_file", "/dev/null");
	TessBaseAPIReadConfigFile(tesseract, "/dev/null/none");
}

struct recogniser *recogniser_new(const char *language, GError **error)
{
	forbid_threads();
	setMsgSeverity(L_SEVERITY_NONE);
	TessBaseAPI *tesseract = TessBaseAPICreate();
	if (TessBaseAPIInit2(tesseract, NULL, language, OEM_LSTM_ONLY) != 0) {
		TessBaseAPIDelete(tesseract);
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "Tesseract has no model of \"%s\"; install the package tesseract-ocr-%s",
		    language, language);
		return NULL;
	}
	/* Sauvola's threshold follows what changes slowly (a gradient, a photograph). */
	TessBaseAPISetVariable(tesseract, "thresholding_method", "2");
	TessBaseAPISetVariable(tesseract, "user_defined_dpi", DPI);
	say_nothing(tesseract);
	struct recogniser *recogniser = g_new(struct recogniser, 1);
	recogniser->tesseract = tesseract;
	return recogniser;
}
