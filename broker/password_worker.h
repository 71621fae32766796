/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Argon2id away from the main loop: a few threads, a bounded queue before them.
 *
 * One computation takes `memory_kib` of memory, so the number of threads bounds the memory, and the
 * bound of the queue is the longest wait; beyond it the caller is told at once
 * (QVMI_ERROR_UNAVAILABLE). All functions are for the main thread; callbacks run there, from the
 * default main context.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "broker/password.h"
#include "common/cleanup.h"

struct password_worker;

/* `threads` computations at a time, `max_queued` more waiting. Computes one decoy hash here and now
 * (see password_worker_verify). */
struct password_worker *password_worker_new(
    const struct password_cost *cost, unsigned threads, unsigned max_queued, GError **error);
/* Lets running computations end; every call that is pending gets QVMI_ERROR_CANCELLED. */
void password_worker_free(struct password_worker *worker);

/* `renewed` is set when the password matches and its hash was made with an older cost: the record
 * should take it. Both are borrowed by the callback. */
typedef void (*password_verify_fn)(
    bool matches, const char *renewed, const GError *error, void *data);
/* `encoded` NULL stands for a user that does not exist: the same work is done against a decoy and
 * the answer is no, so that time does not tell who has an account. When false is returned (queue
 * full) the callback will not run. */
bool password_worker_verify(struct password_worker *worker, const char *encoded,
    const char *password, password_verify_fn done, void *data, GError **error);

typedef void (*password_hash_fn)(const char *encoded, const GError *error, void *data);
bool password_worker_hash(struct password_worker *worker, const char *password,
    password_hash_fn done, void *data, GError **error);

/* Computations begun since the start: what an attacker can make us do is worth counting. */
uint64_t password_worker_computed(const struct password_worker *worker);

DEFINE_CLEANUP(password_worker);
