/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Suspending a phone to its folder: FOLDER/suspended holds what it has in memory beyond its
 * template's, sealed with FOLDER/key. phone_start() resumes it from there.
 *
 * At each moment one of two is whole, the guest or the file: "suspended.part" while it is written;
 * "suspended" once it is on disk and until it has been loaded again; "resumed" from before the
 * guest goes on until that is recorded. phone_suspend_recover() tells them apart after a crash.
 * Main thread.
 */
#pragma once

#include "qvisor/phone.h"

/* Done when QEMU is gone. On failure the phone goes on as it was. */
void phone_suspend(struct phone *phone, phone_done_fn done, void *data);

/* The file to resume from. Caller frees. */
char *phone_suspend_path(const struct phone *phone);
/* Resuming: the guest is about to go on; it goes on. */
bool phone_suspend_commit(struct phone *phone, GError **error);
void phone_suspend_forget(struct phone *phone);

/* After a crash of ours, before anything is known of its process: what became of a phone that was
 * being started. */
enum phone_suspended {
	PHONE_SUSPENDED_NOT,     /* no file */
	PHONE_SUSPENDED_WHOLE,   /* to be resumed; a QEMU that loads it is to be ended */
	PHONE_SUSPENDED_RESUMED, /* its QEMU may be going on with it */
};
enum phone_suspended phone_suspend_recover(const struct phone *phone);
