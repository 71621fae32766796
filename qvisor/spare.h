/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A QEMU with its template's state loaded that is nobody's phone yet: a struct phone in state
 * CREATING that no table lists, in a folder of its own whose record says that it was never
 * finished; so a qvisord that comes after a kill ends and removes it like any clone that was cut
 * short. Made for prespawn.h, which hands it out, and zygote.h, which forks it. Main thread.
 */
#pragma once

#include <glib.h>

#include "common/cleanup.h"
#include "qvisor/phone.h"

struct spares;

struct spare {
	struct spares *spares;
	struct phone *phone;
	bool waits; /* else it is being made */
};

/* It waits; or, with an error, it is gone, also when it waited: the spare is freed afterwards. */
typedef void (*spare_prepared_fn)(void *data, struct spare *spare, const GError *error);

/* Those of one owner. */
struct spares *spares_new(struct host *host, spare_prepared_fn prepared, void *data);
/* Those that were ended and are not gone yet end now; there are no others. Blocks. */
void spares_free(struct spares *spares);

/* NULL with error when there is not even a folder. */
struct spare *spare_new(struct spares *spares, struct template *template, GError **error);
/* Begins; `fork_socket` as phone_prepare() has it, taken. `prepared` may be told before it returns.
 */
void spare_prepare(struct spare *spare, int fork_socket);
/* `prepared` follows at once, with QVMI_ERROR_CANCELLED. */
void spare_end(struct spare *spare);
/* Its phone is the caller's now; frees the rest. */
struct phone *spare_take(struct spare *spare);

DEFINE_CLEANUP(spares);
