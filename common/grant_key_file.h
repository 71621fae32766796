/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of grant keys that is read again when it changes, so that keys are rotated under a daemon
 * that runs. A file that has become unreadable or wrong changes nothing, and is told to the log.
 * Main thread.
 */
#pragma once

#include "common/cleanup.h"
#include "common/grant_key.h"

struct grant_key_file;

struct grant_key_file *grant_key_file_new(const char *path, bool private_key, GError **error);
void grant_key_file_free(struct grant_key_file *file);
/* The keys as of now; borrowed until the main loop runs again. */
const struct grant_key *grant_key_file_key(const struct grant_key_file *file);

DEFINE_CLEANUP(grant_key_file);
