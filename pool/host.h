/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host as we know it now: the ways to its daemons, what it said last, and whether it answers.
 * Nothing of this is stored. Main thread only.
 *
 * A host that does not answer keeps what it said last; `reachable` says how to read it.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "pool/backoff.h"
#include "pool/record_host.h"
#include "pool/transport.h"
#include "pool/truth.h"

/* For reserves. A person who waits does not wait for those. */
#define HOST_CLONES_AT_ONCE 4

enum host_daemon { HOST_QVISORD, HOST_MTPD };

/* Makes the way to a daemon of the host; NULL with error, or without when it has none. */
typedef struct transport *(*host_connect_fn)(
    const struct host_record *record, enum host_daemon daemon, void *data, GError **error);

struct host {
	struct host_record *record;
	GHashTable *phones;   /* truth.h: as of the last good answer */
	JsonNode *info;       /* GET /v1/host; NULL: never */
	JsonArray *templates; /* GET /v1/templates */
	bool known;           /* has answered, or failed to, at least once */
	bool reachable;
	char *problem;        /* why not; NULL */
	char *clone_problem;  /* why the last clone failed; NULL */
	unsigned cloning;     /* under way */
	GHashTable *backoffs; /* template -> struct backoff * */
	int64_t list_asked;   /* monotonic: when `phones` was asked for */
	/* private */
	struct transport *daemons[2];
	unsigned refs, turn;
	bool polling;
	int64_t next_poll;
};

/* Takes the record, also on error. */
struct host *host_new(
    struct host_record *record, host_connect_fn connect, void *data, GError **error);
struct host *host_ref(struct host *host);
void host_unref(struct host *host);
/* Ends all calls (QVMI_ERROR_CANCELLED) and drops the caller's reference. */
void host_close(struct host *host);

/* As transport_call(). A host that is closed or has no such daemon: QVMI_ERROR_UNAVAILABLE, from
 * within. */
void host_call(struct host *host, enum host_daemon daemon, const struct http_call *call,
    GCancellable *cancellable, http_reply_fn done, void *data);

/* Asks the host what is, unless that is under way or not due (an unreachable one is asked every
 * 2 s). `done` gets the phones that it says it has, asked for at `asked`, or NULL when it does not
 * answer sensibly; it decides what of them goes into host->phones. */
typedef void (*host_polled_fn)(struct host *host, GHashTable *phones, int64_t asked, void *data);
void host_poll(struct host *host, int64_t now, host_polled_fn done, void *data);

/* May phones that stand by be there? */
bool host_is_active(const struct host *host);
/* Can phones that are somebody's run there now? */
bool host_serves(const struct host *host);
/* Can it clone this template now? */
bool host_can_clone(const struct host *host, const char *template, int64_t now);
void host_clone_failed(struct host *host, const char *template, const char *problem, int64_t now);
int64_t host_memory_free_mib(const struct host *host);
