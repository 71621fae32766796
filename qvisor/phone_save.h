/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saving what a running phone has in memory. The guest stands still from the beginning; QEMU
 * migrates into a file that keeps only what the template does not have (memory_file.h). When it has
 * been saved the guest still stands, its disk written out and at rest: the caller copies that, ends
 * QEMU, or lets the guest go on. When it could not be saved the guest goes on, and nothing is left.
 * Main thread.
 */
#pragma once

#include "qvisor/memory_file.h"
#include "qvisor/phone.h"

/* `phone` is NULL when it is gone; `figures` NULL when `error` is set. */
typedef void (*phone_saved_fn)(
    void *data, struct phone *phone, const struct memory_figures *figures, const GError *error);

/* What is saved of a phone is sealed with its own key. With a volume in it the user's files are in
 * its memory, and then with both keys: it is unreadable when either is destroyed. Caller frees with
 * secret_free(). QVMI_ERROR_CORRUPT when the volume's is not there. */
uint8_t *phone_saving_key(const struct phone *phone, bool with_volume, GError **error);
/* QVMI_ERROR_CONFLICT when it does not run, is being saved already, or its volume is just being
 * mounted. */
void phone_save(struct phone *phone, const char *path, phone_saved_fn done, void *data);
/* The guest of a phone that was saved goes on. */
void phone_save_continue(struct phone *phone);
/* Ends one that goes on, if any: `cause` is its answer. For a phone that is about to end. */
void phone_save_abort(struct phone *phone, const GError *cause);
/* What QEMU tells. */
void phone_save_event(struct phone *phone, const char *name, JsonObject *payload);
