/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU that clones are forked from: its template's state is loaded, its guest has run for a
 * while, without being anybody's phone, and stands still. What is forked from it shares not only
 * the template's memory but all that a QEMU has of its own: the code that TCG has translated, the
 * devices' state, the pages that a guest writes as soon as it runs. The library that does it inside
 * of QEMU is qvisor/zygote; docs/decisions/173 says what it is worth. By TCG only, as KVM binds a
 * guest to the process that made it.
 *
 * At most `limit` of them, one a template, of the templates wanted last; each is a spare (spare.h),
 * made while nothing is being started and only where there is memory for it. A clone that comes
 * before one is ready, or that cannot be forked, loads the state. They end with us. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "common/cleanup.h"
#include "qvisor/host.h"
#include "qvisor/platform.h"
#include "qvisor/template.h"

struct zygotes;
struct zygote;

/* `warm_s`: how long a guest runs before it is forked. */
struct zygotes *zygotes_new(struct host *host, unsigned limit, unsigned warm_s);
/* Ends all; blocks until they are gone. */
void zygotes_free(struct zygotes *zygotes);

/* A clone of this template was wanted: more of them may be. */
void zygotes_want(struct zygotes *zygotes, struct template *template);
/* Ends that of the template of this name, which is about to go. `zygotes` may be NULL. */
void zygotes_drop(struct zygotes *zygotes, const char *template_name);
/* One that can be forked now; NULL: there is none. Not to be kept. */
struct zygote *zygotes_find(const struct zygotes *zygotes, const struct template *template);

/* Whether a fork begins with an interface, of the zygote's address and without a cable. */
bool zygote_has_network(const struct zygote *zygote);
/* The disk that a fork begins with; `path` must not exist. Blocks for a copy of some MiB. */
bool zygote_copy_disk(const struct zygote *zygote, const char *path, GError **error);
/* As platform.h's start(), out of this one: the folder has the disk. The guest is stopped. */
void zygote_fork(
    struct zygote *zygote, const struct platform_spawn *spawn, platform_started_fn started);

/* {"limit", "zygotes": [{"template", "uuid", "pid", "state",
 * "forks"}]}; caller's. */
JsonObject *zygotes_json(const struct zygotes *zygotes);

DEFINE_CLEANUP(zygotes);
