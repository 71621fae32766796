/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A few brokerd-realm processes that ask Kerberos or the directory for us, one question each at a
 * time, and a bounded queue before them. A question has an end, from when it was asked: whoever has
 * not answered by then is killed, and the asker is told that it is not available. Main thread;
 * callbacks run from the default main context, never from within a call.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/realm/message.h"
#include "broker/realm/options.h"
#include "common/cleanup.h"

struct realm_pool;

struct realm_pool_options {
	const char *program; /* path of brokerd-realm */
	const struct realm_options *realm;
	const char *name; /* what answers there, for messages: "the KDC" */
	unsigned children, queue;
};

/* Copies the options. The processes are started when there is something to ask. */
struct realm_pool *realm_pool_new(const struct realm_pool_options *options);
/* Every question that is pending gets QVMI_ERROR_CANCELLED. */
void realm_pool_free(struct realm_pool *pool);

/* `answer` is borrowed, and NULL when `error` is set. What could not be found out is an error
 * (QVMI_ERROR_UNAVAILABLE), so an answer admits or refuses. */
typedef void (*realm_answered_fn)(
    const struct realm_answer *answer, const GError *error, void *data);
/* Takes the request. `end`: monotonic, us. False with QVMI_ERROR_UNAVAILABLE: the queue is full,
 * `done` will not run. */
bool realm_pool_ask(struct realm_pool *pool, struct realm_request *request, int64_t end,
    realm_answered_fn done, void *data, GError **error);

DEFINE_CLEANUP(realm_pool);
