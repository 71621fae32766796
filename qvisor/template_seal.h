/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a template's making: its files are on the disk, read-only, and their checksums are in
 * its record. From then on nobody writes them (docs/decisions/015).
 */
#pragma once

#include <gio/gio.h>

#include "qvisor/template.h"

/* Takes the template, whose folder holds what QEMU left. Runs in a thread; `done` in the main loop,
 * and not before the thread has ended, also when it is cancelled: until then it uses the folder. */
void template_seal(
    struct template *template, GCancellable *cancellable, GAsyncReadyCallback done, void *data);
/* A full disk is QVMI_ERROR_EXHAUSTED. */
bool template_seal_finish(GAsyncResult *result, GError **error);
