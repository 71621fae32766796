/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Terminals that ask a broker at the same time, each a thread with curl, and what their answers
 * took. */
#pragma once

#include <glib.h>
#include <stdbool.h>

struct load_server {
	const char *url, *ca_file;
};

/* What one terminal asks for; strings are borrowed by load_run(). */
struct load_request {
	const char *method, *path;
	char *header; /* "Authorization: ..." */
	char *body;   /* NULL: none */
	bool alone;   /* on a connection of its own, as a terminal that has just come */
};

struct load_result {
	double seconds;
	unsigned answered; /* with 200 */
	unsigned failed;   /* in any other way */
	double p50_ms, p99_ms;
};

/* All requests, `threads` at a time. */
struct load_result load_run(const struct load_server *server, const struct load_request *requests,
    unsigned n, unsigned threads);

/* Opens `n` TLS connections that ask for nothing; they stay open until the program ends. Returns
 * how many there are. */
unsigned load_hold(const char *host, const char *port, unsigned n);
