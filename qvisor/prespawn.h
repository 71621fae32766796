/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Children that wait for a clone request: QEMU runs, the template's state is loaded, only "cont" is
 * missing (spare.h).
 *
 * At most `limit` of them, all of the template that was wanted last; made one at a time while
 * nothing is being started, and only when memory is there for as many phones again. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "common/cleanup.h"
#include "qvisor/phone.h"

struct prespawn;

struct prespawn *prespawn_new(struct host *host, unsigned limit);
/* Ends all that wait; blocks until they are gone. */
void prespawn_free(struct prespawn *prespawn);

/* A clone of this template was wanted: more of them may be. Those of other templates end. */
void prespawn_want(struct prespawn *prespawn, struct template *template);
/* One that waits, made this phone by phone_become() and the caller's from now on: phone_start()
 * does the rest. NULL: none waits, or none can be used. */
struct phone *prespawn_take(struct prespawn *prespawn, const struct template *template,
    const char *uuid, const char *name, const char *idempotency_key, const char *digest);
/* Ends those of the templates of this name, which are about to go. `prespawn` may be NULL. */
void prespawn_drop(struct prespawn *prespawn, const char *template_name);

/* {"limit", "ready", "children": [{"uuid", "pid", "template"}]}; caller's. */
JsonObject *prespawn_json(const struct prespawn *prespawn);

DEFINE_CLEANUP(prespawn);
