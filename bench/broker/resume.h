/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminals that come back to their sessions (broker/resumption.h): sessions as they would be
 * recorded, and what the terminals send. Ends the program with a message where it can not. */
#pragma once

#include "bench/broker/load.h"

struct resume_options {
	const char *database, *grant_key; /* paths, the broker's own */
	const char *user, *token;         /* who is signed in, and the token of that */
};

/* Makes the first `n` recorded sessions this user's open ones. Caller frees with resume_free(). */
struct load_request *resume_prepare(const struct resume_options *options, unsigned n);
void resume_free(struct load_request *requests, unsigned n);
