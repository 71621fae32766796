/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a recorded picture, as the host reads it, and how much of it is wrong. */
#pragma once

#include <stdio.h>

#include "bench/screen/ppm.h"

/* The lines of the picture go to `out`, then "text characters= wrong= share= cpu_ms=". `truth`: a
 * file of what is written there (UTF-8; white space does not count), or NULL: only characters and
 * cpu_ms are told. Wrong are insertions, deletions and substitutions (Levenshtein). */
bool reading_tell(const struct ppm *ppm, const char *truth, FILE *out, GError **error);
/* The Levenshtein distance of two texts in characters, without their white space. */
unsigned reading_distance(const char *one, const char *other);
