/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making an empty volume: mke2fs(8) in a child that dies with us, on a sparse file of zeros; then a
 * thread that encrypts what it wrote. A tenth of a second, of which the disk is the most. Main
 * thread.
 */
#pragma once

#include <glib.h>

#include "common/cleanup.h"

struct user_volume_make;
/* `error` NULL: the folder is a volume. Called once, from the main loop. */
typedef void (*user_volume_made_fn)(void *data, const GError *error);

/* In `folder`, which is made and is the caller's to remove when it fails. NULL with error. */
struct user_volume_make *user_volume_make_new(
    const char *folder, unsigned size_mib, user_volume_made_fn done, void *data, GError **error);
/* From `done` at the earliest; before that the child is killed, the thread waited for, and nobody
 * is told. */
void user_volume_make_free(struct user_volume_make *make);

DEFINE_CLEANUP(user_volume_make);
