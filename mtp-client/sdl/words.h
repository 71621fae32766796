/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written on the phone's screen, as text for people. */
#pragma once

#include <glib.h>

#include "mtp/words.h"

/* A line each; the caller's. NULL: the host could not say, and *problem is a sentence about it. */
char *words_text(const struct mtp_words *words, const char **problem);
