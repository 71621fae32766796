/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bar that shows where one types, which a recogniser takes for an l. */
#pragma once

#include "mtp-server/reader/contrast.h"

/* Makes paper of thin upright bars that reach below the line that the letters beside them stand on.
 */
void carets_remove(struct ink *ink);
