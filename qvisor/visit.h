/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection of another host. It begins with a line of JSON and our line in answer:
 *
 *   {"ticket": T, "do": "files", "phone": {passport.h}}  then migration_files.h, ended by hand-over
 *   {"ticket": T, "do": "memory"}  then QEMU's stream to its end; then our {"loaded": true}
 *   {"ticket": T, "do": "run"}     answered {"runs": true}, or {"runs": false}: it never has, nor
 *                                  will
 *   {"ticket": T, "do": "done"}    the other side asks for it no more
 *
 * An answer {"error": TEXT} refuses. Each visit has a thread that reads; what it means is decided
 * in the main thread.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "qvisor/migration_files.h"
#include "qvisor/migration_link.h"

struct visit {
	struct migration_link *link; /* NULL: there was none */
	char *host;                  /* ID in its certificate */
	char *ticket, *purpose;
	JsonNode *line; /* all it said */
	/* What it brings: */
	char *folder, *backing, *format, *volume; /* "files" */
	struct migration_receiver receiver;
	int socket; /* "memory": QEMU's other end */
	/* In between: */
	SSL_CTX *context;
	int fd;
	GError *error;
	void (*next)(struct visit *visit); /* from the main loop */
	void *data;
};

/* Takes `fd`. `next` when it has said what it wants, with `error` when it is no host that may come.
 */
void visit_begin(SSL_CTX *context, int fd, void (*next)(struct visit *visit), void *data);
/* Closes. */
void visit_free(struct visit *visit);

/* Frees. */
void visit_refuse(struct visit *visit, const GError *error);
/* One more line, {MEMBER: value}; false when it does not arrive. */
bool visit_say(struct visit *visit, const char *member, bool value);

/* Accepts, and reads what comes in a thread; `next` when that is over, `error` set or not. */
void visit_take_files(struct visit *visit, void (*next)(struct visit *visit));
/* Takes `socket`. */
void visit_take_memory(struct visit *visit, int socket, void (*next)(struct visit *visit));
/* The answer to a hand-over. */
void visit_answer_files(struct visit *visit, const GError *trouble);

/* The pipe that files take over a link. */
struct migration_pipe visit_pipe(struct migration_link *link);
