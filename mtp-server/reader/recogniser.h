/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is written on a screen, by Tesseract (tesseract(1); its LSTM reads a line at a time). It is
 * a large library that is fed by strangers: mtp-reader runs it in a process that can do nothing
 * else. One thread.
 */
#pragma once

#include "mtp-server/reader/contrast.h"
#include "mtp-server/reader/word.h"

struct recogniser;

/* Loads the model of the language ("eng", "eng+deu"); reads files. QVMI_ERROR_NOT_FOUND says what
 * to install. */
struct recogniser *recogniser_new(const char *language, GError **error);
void recogniser_free(struct recogniser *recogniser);

/* Words in reading order, of all text that is found wherever it is: words_new(), the caller's. */
GPtrArray *recogniser_read(struct recogniser *recogniser, const struct ink *ink);
/* The same of a picture that is one line of text, a word for each of its letters. */
GPtrArray *recogniser_read_letters(struct recogniser *recogniser, const struct ink *ink);
