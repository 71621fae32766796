/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saving what a template's guest is beside its memory, which is in its file already: "stop", the
 * devices' state into FOLDER/state, "quit". Main thread; embedded.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "qvisor/qmp.h"

/* Once, and only if it fails while QEMU lives; QVMI_ERROR_EXHAUSTED for want of room. */
typedef void (*template_save_failed_fn)(void *data, const GError *error);

struct template_save {
	struct qmp *qmp; /* borrowed; NULL: none goes on */
	template_save_failed_fn failed;
	void *data;
	guint deadline;
	bool completed; /* all of it is in the file */
};

void template_save_start(struct template_save *save, struct qmp *qmp, const char *folder,
    template_save_failed_fn failed, void *data);
/* What QEMU tells. */
void template_save_event(struct template_save *save, const char *name, JsonObject *payload);
/* QEMU has ended, or nobody wants it any more: `failed` is not called from here on. Whether all of
 * it had been saved. Before `qmp` is freed; again changes nothing. */
bool template_save_end(struct template_save *save);
