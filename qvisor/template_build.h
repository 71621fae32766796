/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building a template: boot -> session -> settle -> save -> checksum, in a folder NAME-KEY.part
 * that is renamed to NAME-KEY when all of it is there (NAME-KEY-TIME if that exists: phones may
 * still need it), or deleted. An image that never gets ready fails with the stage it hung in and
 * the path of the console's log. Main thread; cancelled through the operation. QEMU of a build dies
 * with the daemon.
 */
#pragma once

#include "common/operation.h"
#include "qvisor/host.h"
#include "qvisor/manifest.h"
#include "qvisor/template.h"

struct template_build;

/* Once, from the main loop; the build is freed after. Either `template` (given away) or `error`. */
typedef void (*template_built_fn)(void *data, struct template *template, const GError *error);

/* Takes `manifest`. The operation is the caller's to end; progress and stage are set here. */
struct template_build *template_build_new(struct host *host, struct manifest *manifest,
    const char *key, struct operation *operation, template_built_fn done, void *data);
/* Ends it at once: no callback, nothing left over. */
void template_build_free(struct template_build *build);
