/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The edges of buttons and pictures, which a recogniser takes for l, [ and |. */
#pragma once

#include "mtp-server/reader/contrast.h"

/* Makes paper of what hangs together, is larger than letters are, and mostly empty inside. */
void outlines_remove(struct ink *ink);
